"""The public rules of Pedigree.

    load("@pedigree//:defs.bzl", "slm_model")
"""

load(
    "//evaluator:defs.bzl",
    _eval_baseline = "eval_baseline",
    _eval_gate = "eval_gate",
    _eval_gate_test = "eval_gate_test",
    _eval_suite = "eval_suite",
    _slm_eval = "slm_eval",
    _slm_scorecard = "slm_scorecard",
)
load(
    "//packager:defs.bzl",
    _slm_adapter = "slm_adapter",
    _slm_adapter_train = "slm_adapter_train",
    _slm_descendant = "slm_descendant",
    _slm_model = "slm_model",
    _slm_tokenizer_train = "slm_tokenizer_train",
    _slm_train = "slm_train",
)
load(
    "//release:defs.bzl",
    _release_packet = "release_packet",
    _release_packet_test = "release_packet_test",
)

eval_baseline = _eval_baseline
eval_gate = _eval_gate
eval_gate_test = _eval_gate_test
eval_suite = _eval_suite
release_packet = _release_packet
release_packet_test = _release_packet_test
slm_adapter = _slm_adapter
slm_adapter_train = _slm_adapter_train
slm_descendant = _slm_descendant
slm_eval = _slm_eval
slm_model = _slm_model
slm_scorecard = _slm_scorecard
slm_tokenizer_train = _slm_tokenizer_train
slm_train = _slm_train
