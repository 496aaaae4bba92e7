"""What evaluator rules hand to each other and to release rules."""

EvalSuiteInfo = provider(
    doc = "A frozen suite. Returned by `eval_suite`; consumed by `slm_eval`.",
    fields = {
        "suite": "File: canonical JSON suite document; its SHA-256 is the suite digest.",
        "suite_name": "string: the suite's name.",
        "version": "string: the suite's version.",
        "sources": "depset of File: the case files (the lock is a recorded digest, not a source).",
    },
)

SlmEvalInfo = provider(
    doc = "Evidence: one suite run on one assembly. Returned by `slm_eval`; consumed by `eval_gate`.",
    fields = {
        "sidecar": "File: canonical JSON sidecar.",
        "diagnostics": "File: canonical JSON counted diagnostics.",
        "shards": "int: number of actions that made it.",
        "model": "SlmModelInfo of what was evaluated.",
        "suite": "EvalSuiteInfo of the suite.",
    },
)

EvalBaselineInfo = provider(
    doc = "Evidence kept in the source tree. Returned by `eval_baseline`; consumed by `eval_gate`.",
    fields = {
        "sidecar": "File: canonical JSON sidecar.",
        "source": "File: the same as it is stored, one case a line.",
        "suite_name": "string: name of the suite it is on.",
    },
)

SlmScorecardInfo = provider(
    doc = "The fitness of an assembly. Returned by `slm_scorecard`.",
    fields = {
        "evals": "list of SlmEvalInfo: the evidence that the figures are from.",
        "model": "SlmModelInfo of what was evaluated.",
        "scorecard": "File: canonical JSON scorecard.",
    },
)

EvalGateInfo = provider(
    doc = "A gate's decision. Returned by `eval_gate`; consumed by `eval_gate_test` and `release_packet`.",
    fields = {
        "decision": "File: canonical JSON decision record, whatever the verdict.",
        "policy": "File: canonical JSON policy.",
        "evals": "list of SlmEvalInfo: the candidate's evidence.",
        "baselines": "list of File: sidecars that it was compared with.",
        "observations": "list of File: what was measured, as far as the gate was told.",
        "model": "SlmModelInfo of the candidate.",
        "sources": "depset of File: policy source files.",
    },
)
