"""Analysis tests of slm_train, slm_adapter_train and slm_tokenizer_train."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//packager:defs.bzl", "SlmAdapterInfo", "SlmModelInfo")
load("//packager/tests:subjects.bzl", "action_of", "basenames")

def _model_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "from_scratch.slm", info.model.basename)
    asserts.equals(env, "from_scratch.slm.manifest.json", info.manifest.basename)
    asserts.equals(env, "from_scratch.slm.receipt.json", info.receipt.basename)
    asserts.equals(env, "from_scratch.slm.node.json", info.node.basename)
    asserts.equals(env, [], info.adapters)
    asserts.equals(env, [], info.parents)
    asserts.equals(env, ["LICENSE"], basenames(info.licenses.to_list()))
    asserts.equals(
        env,
        ["LICENSE", "more.jsonl", "parent.textproto", "texts.jsonl", "words.tok"],
        sorted(basenames(info.sources.to_list())),
    )
    asserts.equals(env, "converted-trained", info.source_kind)
    return analysistest.end(env)

_model_test = analysistest.make(_model_impl)

def _model_command_impl(ctx):
    env = analysistest.begin(ctx)
    argv = action_of(analysistest.target_actions(env), "SlmTrain").argv[1:]
    asserts.equals(env, "train", argv[0])
    asserts.true(env, argv[1].endswith("/parent.textproto"))
    asserts.true(env, argv[2].startswith("--data=") and argv[2].endswith("/texts.jsonl"))
    asserts.true(env, argv[3].startswith("--validation=") and argv[3].endswith("/more.jsonl"))
    asserts.true(env, "--threads=2" in argv)
    asserts.true(env, "--target=avx2" in argv)
    asserts.true(env, "--family=letters" in argv)
    asserts.true(env, "--name=from_scratch" in argv)
    tokenizers = [arg for arg in argv if arg.startswith("--tokenizer=")]
    asserts.equals(env, 1, len(tokenizers))
    asserts.true(env, tokenizers[0].endswith("/words.tok"))
    return analysistest.end(env)

_model_command_test = analysistest.make(_model_command_impl)

def _adapter_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmAdapterInfo]
    asserts.equals(env, "trained_adapter.adapter", info.adapter.basename)
    asserts.equals(env, "trained_adapter.adapter.receipt.json", info.receipt.basename)
    asserts.equals(env, "from_scratch.slm", info.parent.model.basename)
    asserts.equals(env, "converted-trained", info.source_kind)
    asserts.equals(
        env,
        ["parent.textproto", "texts.jsonl"],
        sorted(basenames(info.sources.to_list())),
    )
    argv = action_of(analysistest.target_actions(env), "SlmAdapterTrain").argv[1:]
    asserts.equals(env, ["adapter", "train"], argv[:2])
    asserts.true(env, "--threads=1" in argv)
    parents = [arg for arg in argv if arg.startswith("--parent=")]
    asserts.equals(env, 1, len(parents))
    asserts.true(env, parents[0].endswith("/from_scratch.slm"))
    return analysistest.end(env)

_adapter_test = analysistest.make(_adapter_impl)

def _descendant_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "converted-trained", info.source_kind)
    return analysistest.end(env)

_descendant_test = analysistest.make(_descendant_impl)

def _tokenizer_impl(ctx):
    env = analysistest.begin(ctx)
    files = analysistest.target_under_test(env)[DefaultInfo].files.to_list()
    asserts.equals(env, ["words.tok"], basenames(files))
    argv = action_of(analysistest.target_actions(env), "SlmTokenizerTrain").argv[1:]
    asserts.equals(env, ["tokenizer", "train"], argv[:2])
    asserts.true(env, "--vocab-size=270" in argv)
    asserts.true(env, "--pre-split=digits" in argv)
    groups = analysistest.target_under_test(env)[OutputGroupInfo]
    asserts.equals(env, ["words.tok.receipt.json"], basenames(groups.receipt.to_list()))
    return analysistest.end(env)

_tokenizer_test = analysistest.make(_tokenizer_impl)

def _refuses_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_refuses_test = analysistest.make(
    _refuses_impl,
    attrs = {"message": attr.string(mandatory = True)},
    expect_failure = True,
)

_REFUSALS = {
    "no_threads": "threads is 0 (expected 1 or more)",
    "trained_on_stack": ":stacked is an unfused descendant (expected a model of its own)",
}

def slm_train_test_suite(name):
    """Tests of the rules that train.

    Args:
      name: name of the test suite.
    """
    tests = {
        "slm_adapter_train_test": (_adapter_test, "trained_adapter"),
        "slm_tokenizer_train_test": (_tokenizer_test, "words"),
        "slm_train_command_test": (_model_command_test, "from_scratch"),
        "slm_train_descendant_test": (_descendant_test, "trained_stack"),
        "slm_train_test": (_model_test, "from_scratch"),
    }
    names = []
    for test_name, (test, target) in tests.items():
        test(name = test_name, target_under_test = ":" + target)
        names.append(test_name)
    for target, message in _REFUSALS.items():
        names.append("slm_train_refuses_%s_test" % target)
        _refuses_test(
            name = names[-1],
            message = message,
            target_under_test = ":" + target,
        )
    native.test_suite(
        name = name,
        tests = [":" + test_name for test_name in names],
    )
