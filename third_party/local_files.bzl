"""A repository made of files of this one."""

def _local_files_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    for label, path in ctx.attr.files.items():
        ctx.symlink(label, path)

local_files = repository_rule(
    implementation = _local_files_impl,
    doc = "Links files of this repository into one of their own.",
    attrs = {
        "files": attr.label_keyed_string_dict(
            doc = "File to its path in the repository.",
            allow_files = True,
            mandatory = True,
        ),
    },
)
