"""Analysis tests of slm_descendant."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//packager:defs.bzl", "SlmModelInfo")
load("//packager/tests:subjects.bzl", "action_of", "basenames")

def _stacked_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "mock.slm", info.model.basename)
    asserts.equals(env, ["adapter.adapter"], basenames(info.adapters))
    asserts.equals(
        env,
        ["adapter.adapter.manifest.json"],
        basenames(info.adapter_manifests),
    )
    asserts.equals(env, "stacked.manifest.json", info.manifest.basename)
    asserts.equals(env, "mock.slm", info.parents[0].model.basename)
    asserts.equals(
        env,
        ["mock.slm.node.json"],
        basenames(info.ancestor_nodes.to_list()),
    )
    asserts.equals(env, ["LICENSE"], basenames(info.licenses.to_list()))
    asserts.equals(
        env,
        ["LICENSE", "digits_adapter.textproto", "parent.textproto"],
        sorted(basenames(info.sources.to_list())),
    )
    argv = action_of(analysistest.target_actions(env), "SlmDescendant").argv
    asserts.equals(env, ["adapter", "stack"], argv[1:3])
    asserts.true(env, argv[-1].endswith("/stacked"))
    return analysistest.end(env)

_stacked_test = analysistest.make(_stacked_impl)

def _stacked_more_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(
        env,
        ["adapter.adapter", "other_adapter.adapter"],
        basenames(info.adapters),
    )
    asserts.equals(
        env,
        ["mock.slm.node.json", "stacked.node.json"],
        sorted(basenames(info.ancestor_nodes.to_list())),
    )
    argv = action_of(analysistest.target_actions(env), "SlmDescendant").argv
    asserts.equals(
        env,
        2,
        len([arg for arg in argv if arg.startswith("--adapter-manifest=")]),
    )
    return analysistest.end(env)

_stacked_more_test = analysistest.make(_stacked_more_impl)

def _fused_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[SlmModelInfo]
    name = target.label.name
    asserts.equals(env, name + ".slm", info.model.basename)
    asserts.equals(env, [], info.adapters)
    asserts.equals(
        env,
        ["adapter.adapter.manifest.json"],
        basenames(info.adapter_manifests),
    )
    argv = action_of(analysistest.target_actions(env), "SlmDescendant").argv
    asserts.equals(env, "fuse", argv[1])
    asserts.true(env, argv[2].endswith("/mock.slm"))
    asserts.true(env, argv[3].endswith("/adapter.adapter"))
    return analysistest.end(env)

_fused_test = analysistest.make(_fused_impl)

def _quantized_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "quantized.slm", info.model.basename)
    asserts.equals(
        env,
        ["adapter.adapter.manifest.json"],
        basenames(info.adapter_manifests),
    )
    asserts.equals(
        env,
        ["fused.slm.node.json", "mock.slm.node.json"],
        sorted(basenames(info.ancestor_nodes.to_list())),
    )
    argv = action_of(analysistest.target_actions(env), "SlmDescendant").argv
    asserts.equals(
        env,
        ["quantize", "--dtype=q4_0", "--q8-0-group=row", "--tensor=layers.0.*=q8_0"],
        argv[1:5],
    )
    asserts.equals(
        env,
        [],
        [arg for arg in argv if arg.startswith("--adapter-manifest=")],
    )
    return analysistest.end(env)

_quantized_test = analysistest.make(_quantized_impl)

def _merged_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, "merged.slm", info.model.basename)
    asserts.equals(
        env,
        ["mock.slm", "fused.slm"],
        [parent.model.basename for parent in info.parents],
    )
    asserts.equals(
        env,
        ["adapter.adapter.manifest.json"],
        basenames(info.adapter_manifests),
    )
    asserts.equals(
        env,
        ["fused.slm.node.json", "mock.slm.node.json"],
        sorted(basenames(info.ancestor_nodes.to_list())),
    )
    argv = action_of(analysistest.target_actions(env), "SlmDescendant").argv
    asserts.equals(env, "merge", argv[1])
    asserts.true(env, argv[2].endswith("/parent.textproto"))
    asserts.true(env, argv[3].startswith("--model=mock="))
    asserts.true(env, argv[3].endswith("/mock.slm"))
    asserts.true(env, argv[4].startswith("--model=fused="))
    return analysistest.end(env)

_merged_test = analysistest.make(_merged_impl)

def _source_kind_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[SlmModelInfo]
    asserts.equals(env, ctx.attr.source_kind, info.source_kind)
    return analysistest.end(env)

_source_kind_test = analysistest.make(
    _source_kind_impl,
    attrs = {"source_kind": attr.string(doc = "What it must be.")},
)

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
    "fused_nothing": "fuse needs adapters, here or of ",
    "fused_orphan": "fuse needs a parent, and no parents or recipe",
    "fused_stranger": ":adapter_of_trained is for packager/tests/trained.slm (expected packager/tests/mock.slm)",
    "fused_with_dtype": "fuse takes no dtype (found q8_0)",
    "fused_with_tensor_storage": "fuse takes no tensor_storage (found [\"*=q8_0\"])",
    "merged_stack": "merge needs parents without adapters, so fuse ",
    "merged_with_dtype": "merge takes no adapters and no dtype (the recipe has one)",
    "merged_without_recipe": "merge needs parents and a recipe, and no parent",
    "quantized_stack": "quantize needs a parent without adapters, so fuse ",
    "quantized_with_adapters": "quantize takes no adapters (found 1)",
    "quantized_without_dtype": "quantize needs a dtype",
    "stacked_nothing": "adapter needs adapters",
}

_SOURCE_KINDS = {
    "fused": "deterministic-smoke",
    "merged": "deterministic-smoke",
    "merged_trained": "converted-trained",
    "quantized_trained": "converted-trained",
    "tuned_trained": "deterministic-smoke",
}

def slm_descendant_test_suite(name):
    """Tests of slm_descendant.

    Args:
      name: name of the test suite.
    """
    tests = {
        "slm_descendant_fused_stack_test": (_fused_test, "fused_stack"),
        "slm_descendant_fused_test": (_fused_test, "fused"),
        "slm_descendant_merged_test": (_merged_test, "merged"),
        "slm_descendant_quantized_test": (_quantized_test, "quantized"),
        "slm_descendant_stacked_more_test": (_stacked_more_test, "stacked_more"),
        "slm_descendant_stacked_test": (_stacked_test, "stacked"),
    }
    names = []
    for test_name, (test, target) in tests.items():
        test(name = test_name, target_under_test = ":" + target)
        names.append(test_name)
    for target, source_kind in _SOURCE_KINDS.items():
        names.append("slm_descendant_%s_source_kind_test" % target)
        _source_kind_test(
            name = names[-1],
            source_kind = source_kind,
            target_under_test = ":" + target,
        )
    for target, message in _REFUSALS.items():
        names.append("slm_descendant_refuses_%s_test" % target)
        _refusal_test(
            name = names[-1],
            message = message,
            target_under_test = ":" + target,
        )
    native.test_suite(
        name = name,
        tests = [":" + test_name for test_name in names],
    )
