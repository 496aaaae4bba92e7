"""slm_eval: one suite run on one model."""

load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("//evaluator:providers.bzl", "EvalSuiteInfo", "SlmEvalInfo")
load("//evaluator/private:run_eval.bzl", "run_eval")
load("//evaluator/private:tool.bzl", "RELEASE_ATTRS", "tool_attr")
load("//packager:providers.bzl", "SlmModelInfo")

_DOC = """Evidence: a frozen suite run on a model by the shipped runtime.

    slm_eval(
        name = "descendant_smoke",
        model = ":descendant",
        suite = ":smoke_suite",
    )

makes `descendant_smoke.sidecar.json` (every case's answer, totals and what the
evidence may claim) and `descendant_smoke.diagnostics.json` (counted resources).
It runs as a cached action. The bytes are a function of the assembly, suite,
evaluator version and numerics version: the runtime is deterministic on every
machine, and nothing that was measured goes in.
"""

def _slm_eval_impl(ctx):
    info = run_eval(
        ctx,
        ctx.label.name,
        ctx.attr.model[SlmModelInfo],
        ctx.attr.suite[EvalSuiteInfo],
    )
    files = [info.sidecar, info.diagnostics]
    return [
        DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files)),
        info,
    ]

slm_eval = rule(
    implementation = _slm_eval_impl,
    doc = _DOC,
    attrs = dicts.add(RELEASE_ATTRS, {
        "model": attr.label(
            doc = "The model, or an unfused descendant with its adapters.",
            mandatory = True,
            providers = [SlmModelInfo],
        ),
        "suite": attr.label(
            doc = "The frozen suite.",
            mandatory = True,
            providers = [EvalSuiteInfo],
        ),
        "_runtime": tool_attr(Label("//runtime:pedigree_runtime")),
    }),
    provides = [SlmEvalInfo],
)
