"""Analysis tests of slm_eval."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//evaluator:defs.bzl", "SlmEvalInfo", "slm_eval")
load("//evaluator/tests:fake_model.bzl", "action_of", "fake_model", "flag_values")

def _provider_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[SlmEvalInfo]
    asserts.equals(env, "sample_eval.sidecar.json", info.sidecar.basename)
    asserts.equals(env, "sample_eval.diagnostics.json", info.diagnostics.basename)
    asserts.equals(env, "sample_suite.suite.json", info.suite.suite.basename)
    asserts.equals(env, "evaluated.slm", info.model.model.basename)
    asserts.equals(
        env,
        [info.sidecar, info.diagnostics],
        target[DefaultInfo].files.to_list(),
    )
    return analysistest.end(env)

_provider_test = analysistest.make(_provider_impl)

def _action_impl(ctx):
    env = analysistest.begin(ctx)
    action = action_of(analysistest.target_actions(env), "SlmEval")
    asserts.equals(env, "eval", action.argv[1])
    asserts.true(env, action.argv[2].endswith("/evaluated.slm"))
    asserts.equals(
        env,
        ["evaluated.0.adapter", "evaluated.1.adapter"],
        flag_values(action, "--adapter"),
    )
    asserts.equals(
        env,
        ["evaluated.manifest.json"],
        flag_values(action, "--manifest"),
    )
    asserts.equals(
        env,
        ["deterministic-smoke"],
        flag_values(action, "--source-kind"),
    )
    return analysistest.end(env)

_action_test = analysistest.make(_action_impl)

def slm_eval_test_suite(name):
    """Tests of slm_eval.

    Args:
      name: name of the test suite.
    """
    fake_model(
        name = "evaluated",
        adapter_count = 2,
        tags = ["manual"],
    )
    slm_eval(
        name = "sample_eval",
        model = ":evaluated",
        suite = ":sample_suite",
        tags = ["manual"],
    )
    _provider_test(
        name = "slm_eval_provider_test",
        target_under_test = ":sample_eval",
    )
    _action_test(
        name = "slm_eval_action_test",
        target_under_test = ":sample_eval",
    )
    native.test_suite(
        name = name,
        tests = [
            ":slm_eval_action_test",
            ":slm_eval_provider_test",
        ],
    )
