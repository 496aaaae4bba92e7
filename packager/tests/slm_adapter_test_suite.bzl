"""Analysis tests of slm_adapter."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//packager:defs.bzl", "SlmAdapterInfo")
load("//packager/tests:subjects.bzl", "action_of", "basenames")

def _provider_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmAdapterInfo]
    asserts.equals(env, "adapter.adapter", info.adapter.basename)
    asserts.equals(env, "adapter.adapter.manifest.json", info.manifest.basename)
    asserts.equals(env, "adapter.adapter.receipt.json", info.receipt.basename)
    asserts.equals(env, "mock.slm", info.parent.model.basename)
    asserts.equals(env, ["LICENSE"], basenames(info.licenses.to_list()))
    asserts.equals(
        env,
        ["LICENSE", "digits_adapter.textproto"],
        sorted(basenames(info.sources.to_list())),
    )
    return analysistest.end(env)

_provider_test = analysistest.make(_provider_impl)

def _command_impl(ctx):
    env = analysistest.begin(ctx)
    action = action_of(analysistest.target_actions(env), "SlmAdapter")
    argv = action.argv[1:]
    asserts.equals(env, ["adapter", "make"], argv[:2])
    asserts.true(env, "--name=adapter" in argv)
    asserts.true(env, "--version=0.0.0" in argv)
    parents = [arg for arg in argv if arg.startswith("--parent=")]
    asserts.equals(env, 1, len(parents))
    asserts.true(env, parents[0].endswith("/mock.slm"))
    return analysistest.end(env)

_command_test = analysistest.make(_command_impl)

def _unfused_parent_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ":stacked is an unfused descendant (expected a model of its own)")
    return analysistest.end(env)

_unfused_parent_test = analysistest.make(
    _unfused_parent_impl,
    expect_failure = True,
)

def _peft_impl(ctx):
    env = analysistest.begin(ctx)
    action = action_of(analysistest.target_actions(env), "SlmAdapter")
    argv = action.argv[1:]
    asserts.equals(env, ["adapter", "import", "--format=peft"], argv[:3])
    asserts.equals(
        env,
        ["adapter_config.json", "adapter_model.safetensors"],
        sorted([arg.rpartition("/")[2] for arg in argv[3:5]]),
    )
    receipts = [arg for arg in argv if arg.startswith("--import-receipt=")]
    asserts.equals(env, 1, len(receipts))
    asserts.true(env, receipts[0].endswith("/mock.slm.receipt.json"))
    info = analysistest.target_under_test(env)[SlmAdapterInfo]
    asserts.equals(
        env,
        ["adapter_config.json", "adapter_model.safetensors"],
        sorted(basenames(info.sources.to_list())),
    )
    return analysistest.end(env)

_peft_test = analysistest.make(_peft_impl)

def _refuses_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_refuses_test = analysistest.make(
    _refuses_impl,
    attrs = {"message": attr.string(mandatory = True)},
    expect_failure = True,
)

def slm_adapter_test_suite(name):
    """Tests of slm_adapter.

    Args:
      name: name of the test suite.
    """
    tests = {
        "slm_adapter_command_test": (_command_test, "adapter"),
        "slm_adapter_peft_test": (_peft_test, "peft_adapter"),
        "slm_adapter_provider_test": (_provider_test, "adapter"),
        "slm_adapter_unfused_parent_test": (_unfused_parent_test, "adapter_of_stack"),
    }
    for test_name, (test, target) in tests.items():
        test(name = test_name, target_under_test = ":" + target)
    refusals = {
        "nothing": "peft is [] (expected [",
        "peft_half": "peft is [\"adapter_config.json\"] (expected [",
        "spec_and_peft": "both spec and peft (expected one)",
        "spec_with_receipt": "with_import_receipt without peft",
    }
    for subject, message in refusals.items():
        _refuses_test(
            name = "slm_adapter_refuses_%s_test" % subject,
            message = message,
            target_under_test = ":adapter_of_" + subject,
        )
    native.test_suite(
        name = name,
        tests = [":" + test_name for test_name in tests] +
                [":slm_adapter_refuses_%s_test" % subject for subject in refusals],
    )
