"""Tests that the pinned Node.js runs.

    node_test(
        name = "adder_test",
        data = [":adder"],
        entry = "adder_test.mjs",
        args = ["$(rootpath :adder)"],
    )
"""

# Node and files are found from the test's own runfiles, and the entry starts in
# the runfiles folder of its workspace, so paths by $(rootpath) work as they
# are.
_LAUNCHER = """#!/bin/sh
set -eu
runfiles=${{TEST_SRCDIR:-$0.runfiles}}
case $runfiles in
  /*) ;;
  *) runfiles=$PWD/$runfiles ;;
esac
cd "$runfiles/{workspace}"
exec ./{node} ./{entry} "$@"
"""

def _node_test_impl(ctx):
    launcher = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        launcher,
        _LAUNCHER.format(
            entry = ctx.file.entry.short_path,
            node = ctx.file._node.short_path,
            workspace = ctx.workspace_name,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(
        files = [ctx.file.entry] + ctx.files.data,
        transitive_files = ctx.attr._node_files[DefaultInfo].files,
    )
    for target in ctx.attr.data:
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = launcher, runfiles = runfiles)]

node_test = rule(
    implementation = _node_test_impl,
    doc = "Runs a script by the pinned Node.js; it passes when Node exits 0.",
    attrs = {
        "data": attr.label_list(
            doc = "Files that the script reads or imports.",
            allow_files = True,
        ),
        "entry": attr.label(
            doc = "The script, an ES module (.mjs) or a CommonJS file (.js).",
            allow_single_file = [
                ".js",
                ".mjs",
            ],
            mandatory = True,
        ),
        "_node": attr.label(
            default = "@node//:bin/node",
            allow_single_file = True,
        ),
        "_node_files": attr.label(default = "@node//:files"),
    },
    test = True,
)
