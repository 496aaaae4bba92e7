"""Building what feeds a packet under the release settings.

    slm_cc_binary(name = "pedigree_bin", srcs = ["main.cc"], tags = ["manual"])

    release_binary(name = "pedigree", binary = ":pedigree_bin")

`:pedigree` has the same bytes whatever the command line says: `-c dbg`,
`--copt`, another platform or sanitizers change nothing. Rules that run a tool to
make an artifact take a `release_tool` of such a program as a `released_tool`.

With the flags of this project's .bazelrc the settings are the default ones, so
nothing is compiled twice.
"""

load("//bazel:release_settings.bzl", "RELEASE_OUTPUTS", "only_target", "release_settings")

def _release_transition_impl(_settings, _attr):
    return release_settings("linux_x86_64")

release_transition = transition(
    implementation = _release_transition_impl,
    inputs = [],
    outputs = RELEASE_OUTPUTS,
)

def released_tool(label):
    """The attribute of a program that a rule's actions or tests run.

    The program is a `release_tool`, so that what the rule makes does not depend
    on the command line. Bazel evaluates a transition anew for every target that
    has an attribute with one, which would be most of what analysing a target
    costs: so it is the program's own, once a build.

    Args:
      label: Label of the `release_tool`.

    Returns:
      An attribute.
    """
    return attr.label(default = label, cfg = "target", executable = True)

_ALLOWLIST = attr.label(
    default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
)

def _program(ctx, binary, executable, files = []):
    """What stands for `binary`: `executable`, which needs `files` at run time."""
    return DefaultInfo(
        executable = executable,
        files = depset([executable]),
        runfiles = ctx.runfiles([executable] + files).merge(
            binary[DefaultInfo].default_runfiles,
        ),
    )

def _release_binary_impl(ctx):
    binary = only_target(ctx.attr.binary)
    built = binary[DefaultInfo].files_to_run.executable
    executable = ctx.actions.declare_file(ctx.attr.out or ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = built,
        is_executable = True,
    )
    return [_program(ctx, binary, executable)]

release_binary = rule(
    implementation = _release_binary_impl,
    doc = """One program, built for Linux on x86-64 under the release settings.

The program runs anywhere a C library of 2022 or later is; it needs nothing
else.""",
    attrs = {
        "binary": attr.label(
            doc = "The `cc_binary`.",
            cfg = release_transition,
            executable = True,
            mandatory = True,
        ),
        "out": attr.string(doc = "Name of the file. Default: the target's."),
        "_allowlist_function_transition": _ALLOWLIST,
    },
    executable = True,
)

def _release_tool_impl(ctx):
    binary = only_target(ctx.attr.binary)
    program = binary[DefaultInfo].files_to_run.executable
    launcher = ctx.actions.declare_file(ctx.label.name)
    path = launcher.short_path
    if path.startswith("../"):
        path = path[len("../"):]
    else:
        path = "%s/%s" % (ctx.workspace_name, path)
    files = []
    for file in [program] + ctx.files._c_library:
        link = ctx.actions.declare_file(
            "%s.files/%s" % (ctx.label.name, file.basename),
        )
        ctx.actions.symlink(output = link, target_file = file)
        files.append(link)
    ctx.actions.write(
        output = launcher,
        content = """#!/bin/sh
# Beside it in the runfiles of a test and where it was built, in its own runfiles
# in an action.
files=$0.files
[ -d "$files" ] || files=$0.runfiles/{path}.files
exec "$files/ld-linux-x86-64.so.2" --library-path "$files" --argv0 "$0" \\
  "$files/{program}" "$@"
""".format(path = path, program = program.basename),
        is_executable = True,
    )
    return [_program(ctx, binary, launcher, files)]

release_tool = rule(
    implementation = _release_tool_impl,
    doc = """One program for actions, built as a `release_binary` is, on the C library
that the toolchain links with. An executor needs a shell for it and nothing else.""",
    attrs = {
        "binary": attr.label(
            doc = "The `cc_binary` or `release_binary`.",
            cfg = release_transition,
            executable = True,
            mandatory = True,
        ),
        "_c_library": attr.label(
            allow_files = True,
            default = "@pedigree_sysroot//:run_time",
        ),
        "_allowlist_function_transition": _ALLOWLIST,
    },
    executable = True,
)

def _release_files_impl(ctx):
    files = depset(transitive = [
        src[DefaultInfo].files
        for src in ctx.attr.srcs
    ])
    runfiles = ctx.runfiles(transitive_files = files)
    for src in ctx.attr.srcs:
        runfiles = runfiles.merge(src[DefaultInfo].default_runfiles)
    return [DefaultInfo(files = files, runfiles = runfiles)]

release_files = rule(
    implementation = _release_files_impl,
    doc = "The outputs of `srcs`, built under the release settings.",
    attrs = {
        "srcs": attr.label_list(
            doc = "Targets whose files this one stands for.",
            allow_files = True,
            cfg = release_transition,
            mandatory = True,
        ),
        "_allowlist_function_transition": _ALLOWLIST,
    },
)

def _release_run_impl(ctx):
    args = [
        ctx.expand_location(argument, ctx.attr.tools)
        for argument in ctx.attr.arguments
    ]
    ctx.actions.run(
        mnemonic = "ReleaseRun",
        progress_message = "Making %s" % ctx.label,
        executable = ctx.executable.tool,
        arguments = args + [ctx.outputs.outs[0].dirname],
        inputs = ctx.files.srcs,
        outputs = ctx.outputs.outs,
        tools = ctx.files.tools,
    )
    return [DefaultInfo(files = depset(ctx.outputs.outs))]

release_run = rule(
    implementation = _release_run_impl,
    doc = """Runs a program that was built under the release settings.

Unlike a genrule, whose tools are compiled once more for the host, it shares
every object file with tests and release artifacts. The last argument that the
program gets is the folder of `outs`, all of which it must write.""",
    attrs = {
        "arguments": attr.string_list(
            doc = "Arguments before the folder; `$(execpath)` of `tools` is expanded.",
        ),
        "outs": attr.output_list(
            doc = "Files to make, all in this package.",
            mandatory = True,
        ),
        "srcs": attr.label_list(
            doc = "Files that the program reads.",
            allow_files = True,
        ),
        "tool": attr.label(
            doc = "The program.",
            allow_files = True,
            cfg = release_transition,
            executable = True,
            mandatory = True,
        ),
        "tools": attr.label_list(
            doc = "Further programs that it runs.",
            cfg = release_transition,
        ),
        "_allowlist_function_transition": _ALLOWLIST,
    },
)
