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

def _hf_files_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "converted-trained", info.source_kind)
    asserts.equals(
        env,
        ["LICENSE", "parent.textproto"],
        sorted(basenames(info.sources.to_list())),
    )
    argv = action_of(analysistest.target_actions(env), "SlmModel").argv
    asserts.equals(
        env,
        [
            "import",
            "--format=hf",
            "fixtures/models/parent.textproto",
            "fixtures/models/LICENSE",
            "--dtype=f32",
        ],
        argv[1:6],
    )
    return analysistest.end(env)

_hf_files_test = analysistest.make(_hf_files_impl)

def _hf_folder_impl(ctx):
    env = analysistest.begin(ctx)
    argv = action_of(analysistest.target_actions(env), "SlmModel").argv
    asserts.equals(
        env,
        [
            "import",
            "--format=hf",
            "fixtures/models/parent.textproto",
            "--dtype=source",
        ],
        argv[1:5],
    )
    return analysistest.end(env)

_hf_folder_test = analysistest.make(_hf_folder_impl)

def _refusal_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_refusal_test = analysistest.make(
    _refusal_impl,
    attrs = {"message": attr.string(doc = "What the failure must say.")},
    expect_failure = True,
)

_REFUSALS = {
    "many_sources": "format gguf has one file (found 2)",
    "no_source": "needs src or srcs, one of them",
    "no_tokenizer": "format llama2c needs a tokenizer",
    "two_licenses": ":two_files has 2 files (expected one)",
    "two_sources": "needs src or srcs, one of them",
    "two_tokenizers": "a mock spec names its own tokenizer (found fixtures/models/digits_adapter.textproto)",
}

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

def slm_model_test_suite(name):
    """Tests of slm_model.

    Args:
      name: name of the test suite.
    """
    tests = {
        "slm_model_command_test": (_command_test, "mock"),
        "slm_model_hf_files_test": (_hf_files_test, "hf_files"),
        "slm_model_hf_folder_test": (_hf_folder_test, "hf_folder"),
        "slm_model_mock_test": (_mock_test, "mock"),
        "slm_model_runfiles_test": (_runfiles_test, "mock"),
        "slm_model_trained_test": (_trained_test, "trained"),
    }
    for test_name, (test, target) in tests.items():
        test(name = test_name, target_under_test = ":" + target)
    names = list(tests)
    for target, message in _REFUSALS.items():
        names.append("slm_model_refuses_%s_test" % target)
        _refusal_test(
            name = names[-1],
            message = message,
            target_under_test = ":" + target,
        )
    native.test_suite(
        name = name,
        tests = [":" + test_name for test_name in names],
    )
