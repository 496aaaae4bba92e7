"""Rules that freeze suites, run them and judge the evidence."""

load(
    "//evaluator:providers.bzl",
    _EvalGateInfo = "EvalGateInfo",
    _EvalSuiteInfo = "EvalSuiteInfo",
    _SlmEvalInfo = "SlmEvalInfo",
)
load("//evaluator/private:eval_gate.bzl", _eval_gate = "eval_gate")
load("//evaluator/private:eval_gate_test.bzl", _eval_gate_test = "eval_gate_test")
load("//evaluator/private:eval_suite.bzl", _eval_suite = "eval_suite")
load("//evaluator/private:slm_eval.bzl", _slm_eval = "slm_eval")

EvalGateInfo = _EvalGateInfo
EvalSuiteInfo = _EvalSuiteInfo
SlmEvalInfo = _SlmEvalInfo

eval_gate = _eval_gate
eval_gate_test = _eval_gate_test
eval_suite = _eval_suite
slm_eval = _slm_eval
