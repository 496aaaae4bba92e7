"""The action that runs one suite on one model."""

load("//evaluator:providers.bzl", "SlmEvalInfo")

def run_eval(ctx, name, model, suite):
    """Registers an eval: what `slm_eval` does, and gates for their baselines.

    Args:
      ctx: context of a rule with the attribute `_runtime`.
      name: string before the outputs' extensions.
      model: SlmModelInfo of what is evaluated.
      suite: EvalSuiteInfo.

    Returns:
      SlmEvalInfo.
    """
    sidecar = ctx.actions.declare_file(name + ".sidecar.json")
    diagnostics = ctx.actions.declare_file(name + ".diagnostics.json")
    args = ctx.actions.args()
    args.add("eval")
    args.add(model.model)
    args.add_all(model.adapters, format_each = "--adapter=%s")
    args.add(suite.suite, format = "--suite=%s")
    args.add(model.manifest, format = "--manifest=%s")
    args.add("--source-kind=" + model.source_kind)

    # What Bazel reckons an action to take; results don't depend on it.
    args.add("--threads=1")
    args.add(sidecar, format = "--out=%s")
    args.add(diagnostics, format = "--diagnostics=%s")
    ctx.actions.run(
        mnemonic = "SlmEval",
        progress_message = "Evaluating %s on suite %s for %s" % (
            model.model.short_path,
            suite.suite_name,
            ctx.label,
        ),
        executable = ctx.executable._runtime,
        arguments = [args],
        inputs = [model.model, model.manifest, suite.suite] + model.adapters,
        outputs = [sidecar, diagnostics],
    )
    return SlmEvalInfo(
        diagnostics = diagnostics,
        model = model,
        sidecar = sidecar,
        suite = suite,
    )
