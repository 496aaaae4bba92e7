"""OpenSSL's libssl: TLS, apart from @openssl because no packet depends on it.

Release records carry @openssl's pin; what only talks to a network must not change
them.
"""

load(
    "//third_party:archives.bzl",
    "ARCHIVE_ATTRS",
    "check_tree",
    "read_lock",
    "unpack_debs",
)

def _libssl_repository_impl(ctx):
    lock = read_lock(ctx)
    archives = read_lock(ctx, ctx.attr._archives)
    if lock.version != archives.version:
        fail("%s: version %s, but %s has %s" %
             (lock.label, lock.version, archives.label, archives.version))
    unpack_debs(ctx, archives, {
        "libssl-dev": ["usr/lib/x86_64-linux-gnu/libssl.a"],
    })
    check_tree(ctx, lock)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(ctx.attr._build_file, "BUILD.bazel")

_libssl_repository = repository_rule(
    implementation = _libssl_repository_impl,
    doc = "libssl, whose headers are @openssl's.",
    attrs = dict(
        ARCHIVE_ATTRS,
        _archives = attr.label(
            default = Label("//third_party/openssl:archives.lock"),
        ),
        _build_file = attr.label(
            default = Label("//third_party/libssl:libssl.BUILD.bazel"),
        ),
    ),
)

def libssl_repository():
    _libssl_repository(
        name = "libssl",
        lock = Label("//third_party/libssl:archives.lock"),
    )
