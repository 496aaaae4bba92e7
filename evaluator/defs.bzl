"""Rules that freeze suites, run them and judge the evidence."""

load(
    "//evaluator:providers.bzl",
    _EvalBaselineInfo = "EvalBaselineInfo",
    _EvalGateInfo = "EvalGateInfo",
    _EvalSuiteInfo = "EvalSuiteInfo",
    _SlmEvalInfo = "SlmEvalInfo",
    _SlmScorecardInfo = "SlmScorecardInfo",
)
load("//evaluator/private:eval_baseline.bzl", _eval_baseline = "eval_baseline")
load("//evaluator/private:eval_gate.bzl", _eval_gate = "eval_gate")
load("//evaluator/private:eval_gate_test.bzl", _eval_gate_test = "eval_gate_test")
load("//evaluator/private:eval_suite.bzl", _eval_suite = "eval_suite")
load("//evaluator/private:slm_eval.bzl", _slm_eval = "slm_eval")
load("//evaluator/private:slm_scorecard.bzl", _slm_scorecard = "slm_scorecard")

EvalBaselineInfo = _EvalBaselineInfo
EvalGateInfo = _EvalGateInfo
EvalSuiteInfo = _EvalSuiteInfo
SlmEvalInfo = _SlmEvalInfo
SlmScorecardInfo = _SlmScorecardInfo

eval_baseline = _eval_baseline
eval_gate = _eval_gate
eval_gate_test = _eval_gate_test
eval_suite = _eval_suite
slm_eval = _slm_eval
slm_scorecard = _slm_scorecard
