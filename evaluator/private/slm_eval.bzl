"""slm_eval: one suite run on one model."""

load("//bazel:release.bzl", "released_tool")
load("//evaluator:providers.bzl", "EvalSuiteInfo", "SlmEvalInfo")
load("//evaluator/private:run_eval.bzl", "run_eval")
load("//packager:providers.bzl", "SlmModelInfo")

_DOC = """Evidence: a frozen suite run on a model by the shipped runtime.

    slm_eval(
        name = "descendant_smoke",
        model = ":descendant",
        suite = ":smoke_suite",
    )

makes `descendant_smoke.sidecar.json` (every case's answer, totals and what the
evidence may claim) and `descendant_smoke.diagnostics.json` (counted resources).
It runs as a cached action, or, with `shards`, as several, which a build that was
interrupted does not repeat. The bytes are a function of the assembly, suite,
limits, evaluator version and numerics version: the runtime is deterministic on
every machine, and nothing that was measured goes in.
"""

_MAX_SHARDS = 10000

def _slm_eval_impl(ctx):
    if ctx.attr.shards < 1 or ctx.attr.shards > _MAX_SHARDS:
        fail("slm_eval %s: shards is %d (expected 1 to %d)" % (
            ctx.label,
            ctx.attr.shards,
            _MAX_SHARDS,
        ))
    info = run_eval(
        ctx,
        ctx.label.name,
        ctx.attr.model[SlmModelInfo],
        ctx.attr.suite[EvalSuiteInfo],
        shards = ctx.attr.shards,
        limits = struct(
            max_forward_passes = ctx.attr.max_forward_passes,
            omit_texts = not ctx.attr.texts,
        ),
    )
    files = [info.sidecar, info.diagnostics]
    return [
        DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files)),
        info,
    ]

slm_eval = rule(
    implementation = _slm_eval_impl,
    doc = _DOC,
    attrs = {
        "max_forward_passes": attr.int(
            doc = "Run no case once those before took so many forward passes; the rest is in the sidecar as not run, and MISSING to a gate. Default: 0, no limit.",
        ),
        "model": attr.label(
            doc = "The model, or an unfused descendant with its adapters.",
            mandatory = True,
            providers = [SlmModelInfo],
        ),
        "shards": attr.int(
            doc = "Actions that share the cases. They change no byte of the evidence. Default: 1.",
            default = 1,
        ),
        "suite": attr.label(
            doc = "The frozen suite.",
            mandatory = True,
            providers = [EvalSuiteInfo],
        ),
        "texts": attr.bool(
            doc = "Whether the sidecar holds expected and actual texts, not only their digests. Default: True.",
            default = True,
        ),
        "_runtime": released_tool(Label("//runtime:pedigree_runtime_tool")),
        "_tool": released_tool(Label("//evaluator:slm_gate_released")),
    },
    provides = [SlmEvalInfo],
)
