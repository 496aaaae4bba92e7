"""Analysis tests of eval_gate and eval_gate_test."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//evaluator:defs.bzl", "EvalGateInfo", "eval_gate", "eval_gate_test", "slm_eval")
load("//evaluator/tests:fake_model.bzl", "action_of", "fake_model", "flag_values")

_POLICY = "//fixtures/suites:gate_policy.textproto"

def _evals_run(env):
    """How many evals the gate under test runs itself."""
    actions = analysistest.target_actions(env)
    return len([a for a in actions if a.mnemonic == "SlmEval"])

def _provider_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[EvalGateInfo]
    asserts.equals(env, "child_gate.decision.json", info.decision.basename)
    asserts.equals(env, "child_gate.policy.json", info.policy.basename)
    asserts.equals(env, "child.slm", info.model.model.basename)
    asserts.equals(env, 1, len(info.evals))
    asserts.equals(
        env,
        ["gate_policy.textproto"],
        [source.basename for source in info.sources.to_list()],
    )
    return analysistest.end(env)

_provider_test = analysistest.make(_provider_impl)

def _parent_baseline_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, 1, _evals_run(env))
    actions = analysistest.target_actions(env)
    baseline = action_of(actions, "SlmEval")
    asserts.true(env, baseline.argv[2].endswith("/first_parent.slm"))
    gate = action_of(actions, "EvalGate")
    asserts.equals(env, ["child_eval.sidecar.json"], flag_values(gate, "--sidecar"))
    asserts.equals(
        env,
        ["child_gate.baseline.smoke.sidecar.json"],
        flag_values(gate, "--baseline"),
    )
    asserts.equals(env, ["sample_suite.suite.json"], flag_values(gate, "--suite"))
    asserts.equals(env, ["child.manifest.json"], flag_values(gate, "--manifest"))
    asserts.true(env, "--record-only" in gate.argv)
    info = analysistest.target_under_test(env)[EvalGateInfo]
    asserts.equals(env, 1, len(info.baselines))
    asserts.equals(
        env,
        "child_gate.baseline.smoke.sidecar.json",
        info.baselines[0].basename,
    )
    return analysistest.end(env)

_parent_baseline_test = analysistest.make(_parent_baseline_impl)

def _given_baseline_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, 0, _evals_run(env))
    gate = action_of(analysistest.target_actions(env), "EvalGate")
    asserts.equals(
        env,
        ["other_eval.sidecar.json"],
        flag_values(gate, "--baseline"),
    )
    return analysistest.end(env)

_given_baseline_test = analysistest.make(_given_baseline_impl)

def _no_baseline_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, 0, _evals_run(env))
    gate = action_of(analysistest.target_actions(env), "EvalGate")
    asserts.equals(env, [], flag_values(gate, "--baseline"))
    return analysistest.end(env)

_no_baseline_test = analysistest.make(_no_baseline_impl)

def _two_models_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "evals are of two models, evaluator/tests/child.slm and evaluator/tests/other.slm (expected one)")
    return analysistest.end(env)

_two_models_test = analysistest.make(_two_models_impl, expect_failure = True)

def _repeated_suite_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "two evals of suite smoke (expected one)")
    return analysistest.end(env)

_repeated_suite_test = analysistest.make(
    _repeated_suite_impl,
    expect_failure = True,
)

def _test_script_impl(ctx):
    env = analysistest.begin(ctx)
    script = action_of(analysistest.target_actions(env), "FileWrite").content
    asserts.true(env, "--expect=FAIL-REGRESSION" in script)
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles
    names = [file.basename for file in runfiles.files.to_list()]
    for name in [
        "child_eval.sidecar.json",
        "child_gate.baseline.smoke.sidecar.json",
        "child_gate.decision.json",
        "slm_gate_released",
    ]:
        asserts.true(env, name in names, name + " is not a runfile")
    return analysistest.end(env)

_test_script_test = analysistest.make(_test_script_impl)

def _eval(name, model):
    slm_eval(
        name = name,
        model = model,
        suite = ":sample_suite",
        tags = ["manual"],
    )

def _gate(name, **kwargs):
    eval_gate(
        name = name,
        policy = _POLICY,
        tags = ["manual"],
        **kwargs
    )

def _make_subjects():
    fake_model(name = "first_parent", tags = ["manual"])
    fake_model(name = "other", tags = ["manual"])
    fake_model(
        name = "child",
        parents = [":first_parent", ":other"],
        tags = ["manual"],
    )
    _eval("child_eval", ":child")
    _eval("child_eval_again", ":child")
    _eval("other_eval", ":other")
    _gate("child_gate", evals = [":child_eval"])
    _gate(
        "given_baseline_gate",
        baselines = [":other_eval"],
        evals = [":child_eval"],
    )
    _gate(
        "lone_gate",
        compare_with_parent = False,
        evals = [":child_eval"],
    )
    _gate("root_gate", evals = [":other_eval"])
    _gate("two_models_gate", evals = [":child_eval", ":other_eval"])
    _gate("repeated_suite_gate", evals = [":child_eval", ":child_eval_again"])
    eval_gate_test(
        name = "child_gate_test",
        expect = "FAIL-REGRESSION",
        gate = ":child_gate",
        tags = ["manual"],
    )

def eval_gate_test_suite(name):
    """Tests of eval_gate and eval_gate_test.

    Args:
      name: name of the test suite.
    """
    _make_subjects()
    tests = {
        "eval_gate_given_baseline_test": (_given_baseline_test, "given_baseline_gate"),
        "eval_gate_no_baseline_test": (_no_baseline_test, "lone_gate"),
        "eval_gate_parent_baseline_test": (_parent_baseline_test, "child_gate"),
        "eval_gate_provider_test": (_provider_test, "child_gate"),
        "eval_gate_repeated_suite_test": (_repeated_suite_test, "repeated_suite_gate"),
        "eval_gate_root_test": (_no_baseline_test, "root_gate"),
        "eval_gate_test_script_test": (_test_script_test, "child_gate_test"),
        "eval_gate_two_models_test": (_two_models_test, "two_models_gate"),
    }
    for test_name, (test, target) in tests.items():
        test(name = test_name, target_under_test = ":" + target)
    native.test_suite(
        name = name,
        tests = [":" + test_name for test_name in tests],
    )
