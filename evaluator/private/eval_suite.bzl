"""eval_suite: case files, frozen by a lock."""

load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("//bazel:release.bzl", "released_tool")
load("//evaluator:providers.bzl", "EvalSuiteInfo")
load("//evaluator/private:source_path.bzl", "source_path", "target_name")

_DOC = """A frozen suite of eval cases.

A target `smoke_suite` makes `smoke_suite.suite.json`, the canonical document whose SHA-256 is the
suite's identity. It refuses to build when the cases are not those of the lock,
and says which were added, changed or removed. The document depends on the
cases, name and version only: not on their order, files or machine.
"""

_TOOL = released_tool(Label("//evaluator:slm_gate_released"))

_CASES_ATTRS = {
    "srcs": attr.label_list(
        doc = "Case files: JSON Lines, one case a line.",
        allow_empty = False,
        allow_files = [".jsonl"],
        mandatory = True,
    ),
    "suite_name": attr.string(
        doc = "The suite's name, which policies and decisions use. Default: `name`.",
    ),
    "version": attr.string(
        doc = "The suite's version; raise it when cases change on purpose.",
        mandatory = True,
    ),
    "_tool": _TOOL,
}

_SUITE_ATTRS = dicts.add(_CASES_ATTRS, {
    "lock": attr.label(
        doc = "What the cases were when they were frozen.",
        allow_single_file = [".lock"],
        mandatory = True,
    ),
})

_FREEZE_ATTRS = dicts.add(_CASES_ATTRS, {
    "lock": attr.string(
        doc = "The lock's label, a string since the file need not exist.",
        mandatory = True,
    ),
    "suite_name": attr.string(doc = "The suite's name.", mandatory = True),
})

def _eval_suite_impl(ctx):
    name = ctx.attr.suite_name or ctx.label.name
    suite = ctx.actions.declare_file(ctx.label.name + ".suite.json")
    args = ctx.actions.args()
    args.add_all(["suite", "build"])
    args.add("--name=" + name)
    args.add("--version=" + ctx.attr.version)
    args.add(ctx.file.lock, format = "--lock=%s")
    args.add(suite, format = "--out=%s")
    args.add(
        "--freeze-command=bazel run %s.freeze" % target_name(ctx.label),
    )
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        mnemonic = "EvalSuite",
        progress_message = "Freezing suite %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = ctx.files.srcs + [ctx.file.lock],
        outputs = [suite],
    )
    return [
        DefaultInfo(
            files = depset([suite]),
            runfiles = ctx.runfiles([suite]),
        ),
        EvalSuiteInfo(
            sources = depset(ctx.files.srcs),
            suite = suite,
            suite_name = name,
            version = ctx.attr.version,
        ),
    ]

_eval_suite = rule(
    implementation = _eval_suite_impl,
    doc = _DOC,
    attrs = _SUITE_ATTRS,
    provides = [EvalSuiteInfo],
)

_FREEZE_SCRIPT = """#!/bin/sh
# Writes the lock of suite {name} into the source tree.
set -eu
if [ -z "${{BUILD_WORKSPACE_DIRECTORY:-}}" ]; then
  echo "run this by: bazel run {target}" >&2
  exit 2
fi
exec '{tool}' suite freeze --name='{name}' --version='{version}' \\
  --lock="$BUILD_WORKSPACE_DIRECTORY"/'{lock}' {srcs}
"""

def _eval_suite_freeze_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _FREEZE_SCRIPT.format(
            lock = source_path(ctx.label, "lock", ctx.attr.lock),
            name = ctx.attr.suite_name,
            srcs = " ".join(["'%s'" % src.short_path for src in ctx.files.srcs]),
            target = target_name(ctx.label),
            tool = ctx.executable._tool.short_path,
            version = ctx.attr.version,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(ctx.files.srcs)
    return [DefaultInfo(
        executable = script,
        runfiles = runfiles.merge(ctx.attr._tool[DefaultInfo].default_runfiles),
    )]

_eval_suite_freeze = rule(
    implementation = _eval_suite_freeze_impl,
    doc = "Writes the lock of an `eval_suite` into the source tree.",
    attrs = _FREEZE_ATTRS,
    executable = True,
)

def eval_suite(name, srcs, version, lock, suite_name = None, **kwargs):
    """A frozen suite of eval cases, and `<name>.freeze` to freeze it anew.

        eval_suite(
            name = "smoke_suite",
            srcs = ["smoke.jsonl"],
            lock = "smoke.lock",
            version = "1",
        )

    The lock's label is a string: the file does not exist before the first
    `bazel run :smoke_suite.freeze`.

    Args:
      name: name of the target.
      srcs: case files: JSON Lines, one case a line.
      version: the suite's version; raise it when cases change on purpose.
      lock: label of the lock file, in this workspace.
      suite_name: the suite's name in policies and decisions. Default: `name`.
      **kwargs: common attributes, such as `visibility` and `testonly`.
    """
    _eval_suite(
        name = name,
        srcs = srcs,
        lock = lock,
        suite_name = suite_name or name,
        version = version,
        **kwargs
    )
    _eval_suite_freeze(
        name = name + ".freeze",
        srcs = srcs,
        lock = lock,
        suite_name = suite_name or name,
        version = version,
        **kwargs
    )
