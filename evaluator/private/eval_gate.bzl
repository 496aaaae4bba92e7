"""eval_gate: evidence judged by a policy."""

load("//bazel:release.bzl", "released_tool")
load("//evaluator:providers.bzl", "EvalBaselineInfo", "EvalGateInfo", "SlmEvalInfo")
load("//evaluator/private:run_eval.bzl", "run_eval")

_DOC = """A decision on one model: promote, reject or no-op, with every reason.

    eval_gate(
        name = "gate",
        evals = [":descendant_smoke"],
        policy = "gate_policy.textproto",
    )

makes `gate.decision.json` whatever the verdict, and `gate.policy.json`, the
policy's canonical form. `eval_gate_test` fails on an unexpected verdict, and
`release_packet` refuses to build unless it is PASS.

Unless `baselines` names evidence on the same suite, the model is compared with
its first parent: the gate runs the suite on the parent in the same build. The
decision is a function of policy, suites and sidecars only.
"""

def _same_model(a, b):
    return a.model == b.model and a.adapters == b.adapters

def _check_evals(label, evals):
    suites = {}
    for info in evals:
        if not _same_model(info.model, evals[0].model):
            fail("eval_gate %s: evals are of two models, %s and %s (expected one)" % (
                label,
                evals[0].model.model.short_path,
                info.model.model.short_path,
            ))
        if info.suite.suite_name in suites:
            fail("eval_gate %s: two evals of suite %s (expected one)" % (
                label,
                info.suite.suite_name,
            ))
        suites[info.suite.suite_name] = True

def _run_baselines(ctx, evals, given, stored):
    """Sidecars to compare with: the parent's where none is given."""
    baselines = [info.sidecar for info in given + stored]
    suites = [info.suite.suite_name for info in given]
    suites += [info.suite_name for info in stored]
    for i, suite in enumerate(suites):
        if suite in suites[:i]:
            fail("eval_gate %s: two baselines of suite %s (expected one)" % (
                ctx.label,
                suite,
            ))
    parents = evals[0].model.parents
    if not ctx.attr.compare_with_parent or not parents:
        return baselines
    for info in evals:
        suite = info.suite
        if suite.suite_name not in suites:
            name = "%s.baseline.%s" % (ctx.label.name, suite.suite_name)
            baseline = run_eval(ctx, name, parents[0], suite, shards = info.shards)
            baselines.append(baseline.sidecar)
    return baselines

def _eval_gate_impl(ctx):
    evals = [target[SlmEvalInfo] for target in ctx.attr.evals]
    _check_evals(ctx.label, evals)
    given = [
        target[SlmEvalInfo]
        for target in ctx.attr.baselines
        if SlmEvalInfo in target
    ]
    stored = [
        target[EvalBaselineInfo]
        for target in ctx.attr.baselines
        if EvalBaselineInfo in target
    ]
    baselines = _run_baselines(ctx, evals, given, stored)
    sidecars = [info.sidecar for info in evals]
    observations = ctx.files.observations
    suites = [info.suite.suite for info in evals]
    manifest = evals[0].model.manifest

    decision = ctx.actions.declare_file(ctx.label.name + ".decision.json")
    policy = ctx.actions.declare_file(ctx.label.name + ".policy.json")
    args = ctx.actions.args()
    args.add("gate")
    args.add(ctx.file.policy, format = "--policy=%s")
    args.add_all(sidecars, format_each = "--sidecar=%s")
    args.add_all(baselines, format_each = "--baseline=%s")
    args.add_all(observations, format_each = "--observation=%s")
    args.add_all(suites, format_each = "--suite=%s")
    args.add(manifest, format = "--manifest=%s")
    args.add(decision, format = "--out=%s")
    args.add(policy, format = "--policy-out=%s")
    args.add("--record-only")
    ctx.actions.run(
        mnemonic = "EvalGate",
        progress_message = "Judging %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = sidecars + baselines + observations + suites +
                 [ctx.file.policy, manifest],
        outputs = [decision, policy],
    )
    return [
        DefaultInfo(
            files = depset([decision]),
            runfiles = ctx.runfiles([decision]),
        ),
        OutputGroupInfo(
            baselines = depset(baselines),
            policy = depset([policy]),
        ),
        EvalGateInfo(
            baselines = baselines,
            decision = decision,
            evals = evals,
            model = evals[0].model,
            observations = observations,
            policy = policy,
            sources = depset(
                [ctx.file.policy] + observations +
                [info.source for info in stored],
            ),
        ),
    ]

eval_gate = rule(
    implementation = _eval_gate_impl,
    doc = _DOC,
    attrs = {
        "baselines": attr.label_list(
            doc = "Evidence to compare with, at most one target a suite: `slm_eval` or `eval_baseline`. Default: the parent's, see above.",
            providers = [[SlmEvalInfo], [EvalBaselineInfo]],
        ),
        "compare_with_parent": attr.bool(
            doc = "Whether suites that `baselines` leaves out are run on the first parent. Default: True.",
            default = True,
        ),
        "evals": attr.label_list(
            doc = "Evidence on the candidate, one target a suite, all on one model.",
            allow_empty = False,
            mandatory = True,
            providers = [SlmEvalInfo],
        ),
        "observations": attr.label_list(
            doc = "What was measured with the evidence (`pedigree eval --observations`); the policy's `observation_caps` ask for it.",
            allow_files = [".json"],
        ),
        "policy": attr.label(
            doc = "What the evidence must show: a GatePolicy of evaluator/records.proto in the text format.",
            allow_single_file = [".textproto"],
            mandatory = True,
        ),
        "_runtime": released_tool(Label("//runtime:pedigree_runtime_tool")),
        "_tool": released_tool(Label("//evaluator:slm_gate_released")),
    },
    provides = [EvalGateInfo],
)
