"""eval_gate_test: a gate's verdict as a test."""

load("//bazel:release.bzl", "released_tool")
load("//evaluator:providers.bzl", "EvalGateInfo")

_DOC = """Passes when a gate's verdict is `expect`; prints figures and reasons.

    eval_gate_test(
        name = "refused_gate_test",
        expect = "FAIL-HARD-CASE",
        gate = ":refused_gate",
    )

An expected verdict other than PASS documents a known refusal. The test's XML
(`test.xml`) has a test case for each eval case and each reason. The test reads
evidence that the build made; it runs no model.
"""

# Bazel names the file that CI systems read; elsewhere there may be none.
_SCRIPT = """#!/bin/sh
exec '{tool}' decision show '{decision}' --expect={expect} \\
  ${{XML_OUTPUT_FILE:+--junit="$XML_OUTPUT_FILE"}} {evidence}
"""

def _eval_gate_test_impl(ctx):
    gate = ctx.attr.gate[EvalGateInfo]
    sidecars = [info.sidecar for info in gate.evals]
    baselines = gate.baselines
    evidence = ["--sidecar='%s'" % file.short_path for file in sidecars]
    evidence += ["--baseline='%s'" % file.short_path for file in baselines]
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _SCRIPT.format(
            decision = gate.decision.short_path,
            evidence = " ".join(evidence),
            expect = ctx.attr.expect,
            tool = ctx.executable._tool.short_path,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(sidecars + baselines + [gate.decision])
    return [DefaultInfo(
        executable = script,
        runfiles = runfiles.merge(ctx.attr._tool[DefaultInfo].default_runfiles),
    )]

eval_gate_test = rule(
    implementation = _eval_gate_test_impl,
    doc = _DOC,
    attrs = {
        "expect": attr.string(
            doc = "The verdict. Default: PASS.",
            default = "PASS",
            values = [
                "PASS",
                "FAIL-FLOOR",
                "FAIL-REGRESSION",
                "FAIL-HARD-CASE",
                "NOT-COMPARABLE",
                "MISSING",
            ],
        ),
        "gate": attr.label(
            doc = "The gate.",
            mandatory = True,
            providers = [EvalGateInfo],
        ),
        "_tool": released_tool(Label("//evaluator:slm_gate_released")),
    },
    test = True,
)
