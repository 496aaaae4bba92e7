"""Declarations of plain JavaScript modules, whose JSDoc types are checked.

    typescript_declarations(
        name = "declarations",
        srcs = ["adder.js", "node.d.ts"],
        outs = ["adder.d.ts"],
        tsconfig = "tsconfig.json",
    )
"""

def _typescript_declarations_impl(ctx):
    tsc = ctx.file._tsc
    args = ctx.actions.args()
    args.add(tsc)
    args.add("--project", ctx.file.tsconfig)
    args.add("--outDir", ctx.outputs.outs[0].dirname)
    ctx.actions.run(
        executable = ctx.file._node,
        arguments = [args],
        inputs = depset(
            [ctx.file.tsconfig] + ctx.files.srcs,
            transitive = [
                ctx.attr._node_files[DefaultInfo].files,
                ctx.attr._tsc_files[DefaultInfo].files,
            ],
        ),
        outputs = ctx.outputs.outs,
        mnemonic = "TypeScriptDeclarations",
        progress_message = "Checking types of %s" % ctx.label,
    )
    return [DefaultInfo(
        files = depset(ctx.outputs.outs),
        runfiles = ctx.runfiles(ctx.outputs.outs),
    )]

typescript_declarations = rule(
    implementation = _typescript_declarations_impl,
    doc = """Checks modules and writes their `.d.ts` files.

The build fails, naming each, when types do not agree. The compiler is pinned, so
the declarations are the same on every machine.""",
    attrs = {
        "outs": attr.output_list(
            doc = "Declarations to keep, `<module>.d.ts`.",
            mandatory = True,
        ),
        "srcs": attr.label_list(
            doc = "The modules and ambient declarations.",
            allow_files = [
                ".js",
                ".ts",
            ],
            mandatory = True,
        ),
        "tsconfig": attr.label(
            doc = "The compiler's options; they must ask for declarations.",
            allow_single_file = [".json"],
            mandatory = True,
        ),
        "_node": attr.label(
            default = "@node//:bin/node",
            allow_single_file = True,
        ),
        "_node_files": attr.label(default = "@node//:files"),
        "_tsc": attr.label(
            default = "@typescript//:tsc",
            allow_single_file = True,
        ),
        "_tsc_files": attr.label(default = "@typescript//:files"),
    },
)
