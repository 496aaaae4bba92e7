"""Files out of archives that another dependency pins.

What only some programs hold is a repository, and a pin, of its own, so that the
records of releases without it do not change with it. Its lock says version and
tree; the archives are the other lock's, so that two parts of one library cannot
drift apart.
"""

load(
    "//third_party:archives.bzl",
    "ARCHIVE_ATTRS",
    "check_tree",
    "read_lock",
    "unpack_debs",
)

def _part_of_archive_impl(ctx):
    lock = read_lock(ctx)
    archives = read_lock(ctx, ctx.attr.archives)
    if lock.version != archives.version:
        fail("%s: version %s, but %s has %s" %
             (lock.label, lock.version, archives.label, archives.version))
    unpack_debs(ctx, archives, ctx.attr.packages)
    check_tree(ctx, lock)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

part_of_archive = repository_rule(
    implementation = _part_of_archive_impl,
    doc = "Files of Debian packages that another lock names.",
    attrs = dict(
        ARCHIVE_ATTRS,
        archives = attr.label(
            doc = "The lock that names the packages.",
            allow_single_file = True,
            mandatory = True,
        ),
        build_file = attr.label(
            doc = "BUILD file of the root.",
            allow_single_file = True,
            mandatory = True,
        ),
        packages = attr.string_list_dict(
            doc = "Package to the globs to keep; see `unpack_debs`.",
            mandatory = True,
        ),
    ),
)
