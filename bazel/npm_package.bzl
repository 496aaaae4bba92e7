"""Folders that `npm publish` takes as they are.

    npm_package(
        name = "package",
        srcs = ["adder.js", "package.json", "README.md"],
    )
"""

def _npm_package_impl(ctx):
    folder = ctx.actions.declare_directory(ctx.label.name)
    names = {}
    for file in ctx.files.srcs:
        if file.basename in names:
            fail("%s: two files of the name %s" % (ctx.label, file.basename))
        names[file.basename] = True
    args = ctx.actions.args()
    args.add(folder.path)
    args.add_all(ctx.files.srcs)
    ctx.actions.run_shell(
        command = 'folder=$1; shift; cp -L "$@" "$folder/"; ' +
                  'chmod 0644 "$folder"/*',
        arguments = [args],
        inputs = ctx.files.srcs,
        outputs = [folder],
        mnemonic = "NpmPackage",
        progress_message = "Collecting %s" % ctx.label,
    )
    return [DefaultInfo(
        files = depset([folder]),
        runfiles = ctx.runfiles([folder]),
    )]

npm_package = rule(
    implementation = _npm_package_impl,
    doc = "One folder of the given files, by their base names.",
    attrs = {
        "srcs": attr.label_list(
            doc = "The files; package.json among them.",
            allow_files = True,
            mandatory = True,
        ),
    },
)
