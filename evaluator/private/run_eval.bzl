"""The action that runs one suite on one model."""

load("//evaluator:providers.bzl", "SlmEvalInfo")

# Of an eval that is limited by nothing. What a limit leaves out is MISSING to a
# gate.
NO_LIMITS = struct(max_forward_passes = 0, omit_texts = False)

def _run(ctx, model, suite, limits, outputs, progress, extra):
    """Registers one action of the runtime.

    Args:
      ctx: context of a rule with the attribute `_runtime`.
      model: SlmModelInfo of what is evaluated.
      suite: EvalSuiteInfo.
      limits: struct like NO_LIMITS.
      outputs: list of File.
      progress: string for Bazel's progress message.
      extra: list of more arguments.
    """
    args = ctx.actions.args()
    args.add("eval")
    args.add(model.model)
    args.add_all(model.adapters, format_each = "--adapter=%s")
    args.add(suite.suite, format = "--suite=%s")
    args.add(model.manifest, format = "--manifest=%s")
    args.add("--source-kind=" + model.source_kind)
    if limits.max_forward_passes:
        args.add("--max-forward-passes=%d" % limits.max_forward_passes)
    if limits.omit_texts:
        args.add("--omit-texts")

    # What Bazel reckons an action to take; results don't depend on it.
    args.add("--threads=1")
    args.add_all(extra)
    ctx.actions.run(
        mnemonic = "SlmEval",
        progress_message = "Evaluating %s on suite %s%s for %s" % (
            model.model.short_path,
            suite.suite_name,
            progress,
            ctx.label,
        ),
        executable = ctx.executable._runtime,
        arguments = [args],
        inputs = [model.model, model.manifest, suite.suite] + model.adapters,
        outputs = outputs,
    )

def run_eval(ctx, name, model, suite, shards = 1, limits = NO_LIMITS):
    """Registers an eval: what `slm_eval` does, and gates for their baselines.

    Args:
      ctx: context of a rule with the attributes `_runtime` and, for several
        shards, `_tool`.
      name: string before the outputs' extensions.
      model: SlmModelInfo of what is evaluated.
      suite: EvalSuiteInfo.
      shards: number of actions that share the cases; the evidence is the same.
      limits: struct like NO_LIMITS.

    Returns:
      SlmEvalInfo.
    """
    sidecar = ctx.actions.declare_file(name + ".sidecar.json")
    diagnostics = ctx.actions.declare_file(name + ".diagnostics.json")
    if shards == 1:
        _run(ctx, model, suite, limits, [sidecar, diagnostics], "", [
            "--out=" + sidecar.path,
            "--diagnostics=" + diagnostics.path,
        ])
    else:
        parts = []
        for i in range(shards):
            part = ctx.actions.declare_file("%s.shard-%d-of-%d.json" % (name, i, shards))
            parts.append(part)
            _run(ctx, model, suite, limits, [part], " (%d of %d)" % (i + 1, shards), [
                "--shard=%d/%d" % (i, shards),
                "--out=" + part.path,
            ])
        args = ctx.actions.args()
        args.add_all(["sidecar", "merge"])
        args.add_all(parts)
        args.add(suite.suite, format = "--suite=%s")
        args.add(sidecar, format = "--out=%s")
        args.add(diagnostics, format = "--diagnostics=%s")
        ctx.actions.run(
            mnemonic = "SlmEvalMerge",
            progress_message = "Merging %d shards of %s" % (shards, ctx.label),
            executable = ctx.executable._tool,
            arguments = [args],
            inputs = parts + [suite.suite],
            outputs = [sidecar, diagnostics],
        )
    return SlmEvalInfo(
        diagnostics = diagnostics,
        model = model,
        shards = shards,
        sidecar = sidecar,
        suite = suite,
    )
