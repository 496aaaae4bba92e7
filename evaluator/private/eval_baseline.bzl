"""eval_baseline: evidence kept in the source tree, to compare with."""

load("//bazel:release.bzl", "released_tool")
load("//evaluator:providers.bzl", "EvalBaselineInfo", "SlmEvalInfo")
load("//evaluator/private:source_path.bzl", "source_path", "target_name")

def _eval_baseline_impl(ctx):
    sidecar = ctx.actions.declare_file(ctx.label.name + ".sidecar.json")
    args = ctx.actions.args()
    args.add_all(["baseline", "read"])
    args.add(ctx.file.baseline)
    args.add("--suite-name=" + ctx.attr.suite_name)
    args.add(sidecar, format = "--out=%s")
    ctx.actions.run(
        mnemonic = "EvalBaseline",
        progress_message = "Reading baseline %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [ctx.file.baseline],
        outputs = [sidecar],
    )
    return [
        DefaultInfo(files = depset([sidecar])),
        EvalBaselineInfo(
            sidecar = sidecar,
            source = ctx.file.baseline,
            suite_name = ctx.attr.suite_name,
        ),
    ]

_eval_baseline = rule(
    implementation = _eval_baseline_impl,
    doc = "Evidence kept in the source tree: see the macro of this name.",
    attrs = {
        "baseline": attr.label(
            doc = "The stored evidence, one case a line.",
            allow_single_file = [".jsonl"],
            mandatory = True,
        ),
        "suite_name": attr.string(
            doc = "Name of the suite that the evidence is on.",
            mandatory = True,
        ),
        "_tool": released_tool(Label("//evaluator:slm_gate_released")),
    },
    provides = [EvalBaselineInfo],
)

_UPDATE_SCRIPT = """#!/bin/sh
# Writes a stored baseline into the source tree.
set -eu
if [ -z "${{BUILD_WORKSPACE_DIRECTORY:-}}" ]; then
  echo "run this by: bazel run {target}" >&2
  exit 2
fi
exec '{tool}' baseline update --sidecar='{sidecar}' \\
  --out="$BUILD_WORKSPACE_DIRECTORY"/'{baseline}'
"""

def _eval_baseline_update_impl(ctx):
    sidecar = ctx.attr.eval[SlmEvalInfo].sidecar
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _UPDATE_SCRIPT.format(
            baseline = source_path(ctx.label, "baseline", ctx.attr.baseline),
            sidecar = sidecar.short_path,
            target = target_name(ctx.label),
            tool = ctx.executable._tool.short_path,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles([sidecar])
    return [DefaultInfo(
        executable = script,
        runfiles = runfiles.merge(ctx.attr._tool[DefaultInfo].default_runfiles),
    )]

_eval_baseline_update = rule(
    implementation = _eval_baseline_update_impl,
    doc = "Writes the file of an `eval_baseline` into the source tree.",
    attrs = {
        "baseline": attr.string(
            doc = "The file's label, a string since it need not exist.",
            mandatory = True,
        ),
        "eval": attr.label(
            doc = "The evidence to store.",
            mandatory = True,
            providers = [SlmEvalInfo],
        ),
        "_tool": released_tool(Label("//evaluator:slm_gate_released")),
    },
    executable = True,
)

def eval_baseline(name, eval, baseline, suite_name, **kwargs):
    """Evidence kept in the source tree, and `<name>.update` to bring it up to date.

        eval_baseline(
            name = "champion",
            baseline = "champion.baseline.jsonl",
            eval = ":champion_smoke",
            suite_name = "smoke",
        )

    A gate takes it in `baselines`, in place of the parent's evidence: what is
    released now stays the measure while its source moves on. `bazel run
    :champion.update` stores what `eval` finds now, one case a line, and says what
    changes, as the diff does in review. A baseline of another suite digest is
    NOT-COMPARABLE.

    Args:
      name: name of the target.
      eval: the `slm_eval` whose evidence is stored; only `<name>.update` runs it.
      baseline: label of the stored file, in this workspace; it need not exist
        before the first update.
      suite_name: name of the suite that it is on.
      **kwargs: common attributes, such as `visibility` and `testonly`.
    """
    _eval_baseline(
        name = name,
        baseline = baseline,
        suite_name = suite_name,
        **kwargs
    )
    _eval_baseline_update(
        name = name + ".update",
        baseline = baseline,
        eval = eval,
        **kwargs
    )
