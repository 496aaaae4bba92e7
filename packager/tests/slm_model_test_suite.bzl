"""Analysis tests of slm_model."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//packager:defs.bzl", "SlmModelInfo")
load("//packager/tests:subjects.bzl", "action_of", "basenames")

def _mock_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "mock.slm", info.model.basename)
    asserts.equals(env, "mock.slm.manifest.json", info.manifest.basename)
    asserts.equals(env, "mock.slm.receipt.json", info.receipt.basename)
    asserts.equals(env, "mock.slm.node.json", info.node.basename)
    asserts.equals(env, [], info.adapters)
    asserts.equals(env, [], info.adapter_manifests)
    asserts.equals(env, [], info.parents)
    asserts.equals(env, [], info.ancestor_nodes.to_list())
    asserts.equals(env, ["LICENSE"], basenames(info.licenses.to_list()))
    asserts.equals(
        env,
        ["LICENSE", "parent.textproto"],
        sorted(basenames(info.sources.to_list())),
    )
    asserts.equals(env, "deterministic-smoke", info.source_kind)
    return analysistest.end(env)

_mock_test = analysistest.make(_mock_impl)

def _command_impl(ctx):
    env = analysistest.begin(ctx)
    argv = action_of(analysistest.target_actions(env), "SlmModel").argv[1:]
    asserts.equals(env, ["import", "--format=mock"], argv[:2])
    asserts.true(env, "--dtype=f32" in argv)
    asserts.true(env, "--name=mock-model" in argv)
    asserts.true(env, "--version=1.2.3" in argv)
    asserts.true(env, "--license=MIT=fixtures/models/LICENSE" in argv)
    return analysistest.end(env)

_command_test = analysistest.make(_command_impl)

def _trained_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "converted-trained", info.source_kind)
    argv = action_of(analysistest.target_actions(env), "SlmModel").argv
    asserts.true(env, "--dtype=q8_0" in argv)
    asserts.true(env, "--q8-0-group=32" in argv)
    asserts.true(env, "--family=stories" in argv)
    asserts.true(env, "--name=trained" in argv)
    asserts.true(
        env,
        "--tokenizer=fixtures/models/digits_adapter.textproto" in argv,
    )
    return analysistest.end(env)

_trained_test = analysistest.make(_trained_impl)

def _runfiles_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[DefaultInfo]
    asserts.equals(env, ["mock.slm"], basenames(info.files.to_list()))
    asserts.equals(
        env,
        [
            "mock.slm",
            "mock.slm.manifest.json",
            "mock.slm.node.json",
            "mock.slm.receipt.json",
        ],
        sorted(basenames(info.default_runfiles.files.to_list())),
    )
    return analysistest.end(env)

_runfiles_test = analysistest.make(_runfiles_impl)

def _no_tokenizer_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "format llama2c needs a tokenizer")
    return analysistest.end(env)

_no_tokenizer_test = analysistest.make(_no_tokenizer_impl, expect_failure = True)

def _two_tokenizers_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(
        env,
        "a mock spec names its own tokenizer (found fixtures/models/digits_adapter.textproto)",
    )
    return analysistest.end(env)

_two_tokenizers_test = analysistest.make(
    _two_tokenizers_impl,
    expect_failure = True,
)

def _two_licenses_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ":two_files has 2 files (expected one)")
    return analysistest.end(env)

_two_licenses_test = analysistest.make(_two_licenses_impl, expect_failure = True)

def slm_model_test_suite(name):
    """Tests of slm_model.

    Args:
      name: name of the test suite.
    """
    tests = {
        "slm_model_command_test": (_command_test, "mock"),
        "slm_model_mock_test": (_mock_test, "mock"),
        "slm_model_no_tokenizer_test": (_no_tokenizer_test, "no_tokenizer"),
        "slm_model_runfiles_test": (_runfiles_test, "mock"),
        "slm_model_trained_test": (_trained_test, "trained"),
        "slm_model_two_licenses_test": (_two_licenses_test, "two_licenses"),
        "slm_model_two_tokenizers_test": (_two_tokenizers_test, "two_tokenizers"),
    }
    for test_name, (test, target) in tests.items():
        test(name = test_name, target_under_test = ":" + target)
    native.test_suite(
        name = name,
        tests = [":" + test_name for test_name in tests],
    )
