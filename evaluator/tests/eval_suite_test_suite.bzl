"""Analysis tests of eval_suite."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//evaluator:defs.bzl", "EvalSuiteInfo", "eval_suite")
load("//evaluator/tests:fake_model.bzl", "action_of", "flag_values")

_SRCS = ["//fixtures/suites:alphabet.jsonl", "//fixtures/suites:digits.jsonl"]
_LOCK = "//fixtures/suites:smoke.lock"

def _provider_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[EvalSuiteInfo]
    asserts.equals(env, "smoke", info.suite_name)
    asserts.equals(env, "7", info.version)
    asserts.equals(env, [info.suite], target[DefaultInfo].files.to_list())
    asserts.equals(
        env,
        ["alphabet.jsonl", "digits.jsonl"],
        [source.basename for source in info.sources.to_list()],
    )
    return analysistest.end(env)

_provider_test = analysistest.make(_provider_impl)

def _action_impl(ctx):
    env = analysistest.begin(ctx)
    action = action_of(analysistest.target_actions(env), "EvalSuite")
    asserts.equals(env, ["smoke"], flag_values(action, "--name"))
    asserts.equals(env, ["7"], flag_values(action, "--version"))
    asserts.equals(env, ["smoke.lock"], flag_values(action, "--lock"))
    asserts.true(
        env,
        "--freeze-command=bazel run //evaluator/tests:sample_suite.freeze" in
        action.argv,
    )
    return analysistest.end(env)

_action_test = analysistest.make(_action_impl)

def _default_name_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[EvalSuiteInfo]
    asserts.equals(env, "unnamed_suite", info.suite_name)
    return analysistest.end(env)

_default_name_test = analysistest.make(_default_name_impl)

def _freeze_impl(ctx):
    env = analysistest.begin(ctx)
    action = action_of(analysistest.target_actions(env), "FileWrite")
    asserts.true(
        env,
        "--lock=\"$BUILD_WORKSPACE_DIRECTORY\"/'fixtures/suites/smoke.lock'" in
        action.content,
    )
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles
    names = [file.basename for file in runfiles.files.to_list()]
    for name in ["alphabet.jsonl", "digits.jsonl", "slm_gate_released"]:
        asserts.true(env, name in names, name + " is not a runfile")
    return analysistest.end(env)

_freeze_test = analysistest.make(_freeze_impl)

def _foreign_lock_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(
        env,
        "lock @bazel_skylib//:LICENSE.lock is in another workspace (expected " +
        "a file of this one)",
    )
    return analysistest.end(env)

_foreign_lock_test = analysistest.make(_foreign_lock_impl, expect_failure = True)

def _nameless_lock_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(
        env,
        "lock //fixtures/suites names no file (expected //package:file)",
    )
    return analysistest.end(env)

_nameless_lock_test = analysistest.make(
    _nameless_lock_impl,
    expect_failure = True,
)

def _suite(name, lock = _LOCK, **kwargs):
    eval_suite(
        name = name,
        srcs = _SRCS,
        lock = lock,
        tags = ["manual"],
        version = "7",
        **kwargs
    )

def eval_suite_test_suite(name):
    """Tests of eval_suite.

    Args:
      name: name of the test suite.
    """
    _suite(name = "sample_suite", suite_name = "smoke")
    _suite(name = "unnamed_suite")
    _suite(name = "foreign_lock_suite", lock = "@bazel_skylib//:LICENSE.lock")
    _suite(name = "nameless_lock_suite", lock = "//fixtures/suites")

    _provider_test(
        name = "eval_suite_provider_test",
        target_under_test = ":sample_suite",
    )
    _action_test(
        name = "eval_suite_action_test",
        target_under_test = ":sample_suite",
    )
    _default_name_test(
        name = "eval_suite_default_name_test",
        target_under_test = ":unnamed_suite",
    )
    _freeze_test(
        name = "eval_suite_freeze_test",
        target_under_test = ":sample_suite.freeze",
    )
    _foreign_lock_test(
        name = "eval_suite_foreign_lock_test",
        target_under_test = ":foreign_lock_suite.freeze",
    )
    _nameless_lock_test(
        name = "eval_suite_nameless_lock_test",
        target_under_test = ":nameless_lock_suite.freeze",
    )
    native.test_suite(
        name = name,
        tests = [
            ":eval_suite_action_test",
            ":eval_suite_default_name_test",
            ":eval_suite_foreign_lock_test",
            ":eval_suite_freeze_test",
            ":eval_suite_nameless_lock_test",
            ":eval_suite_provider_test",
        ],
    )
