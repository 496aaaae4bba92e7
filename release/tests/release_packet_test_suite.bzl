"""Analysis tests of release_packet and release_packet_test."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load(
    "//release:defs.bzl",
    "OciLayoutInfo",
    "release_packet",
    "release_packet_test",
)

def _action(env, mnemonic):
    """The only action of the target under test with this mnemonic."""
    actions = [
        action
        for action in analysistest.target_actions(env)
        if action.mnemonic == mnemonic
    ]
    asserts.equals(env, 1, len(actions), mnemonic)
    return actions[0]

def _flags(action, flag):
    """The values of `flag` in an action's command line."""
    start = flag + "="
    return [arg[len(start):] for arg in action.argv if arg.startswith(start)]

def _provider_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[OciLayoutInfo]
    asserts.equals(env, "subject.manifest.json", info.manifest.basename)
    asserts.equals(env, "subject.record.json", info.record.basename)
    asserts.equals(env, "subject.blobs.json", info.blob_list.basename)
    asserts.equals(env, "subject.bom.cdx.json", info.bom.basename)
    asserts.equals(env, "subject.digest", info.digest.basename)
    asserts.equals(env, "subject", info.layout.basename)
    asserts.true(env, info.layout.is_directory)
    asserts.equals(
        env,
        ["eval.json", "oms.json", "provenance.json", "test-result.json"],
        [file.basename for file in info.statements],
    )
    asserts.equals(
        env,
        info.statements,
        target[OutputGroupInfo].statements.to_list(),
    )
    asserts.equals(env, [info.layout], target[DefaultInfo].files.to_list())
    names = [file.basename for file in info.blobs.to_list()]
    for name in [
        "COPYRIGHT",
        "LICENSE",
        "parent.slm",
        "pedigree.wasm",
        "subject.bom.cdx.json",
        "subject.config.json",
    ]:
        asserts.true(env, name in names, name + " is not a blob")
    asserts.equals(
        env,
        ["descendant_smoke.diagnostics.json"],
        [file.basename for file in target[OutputGroupInfo].diagnostics.to_list()],
    )
    return analysistest.end(env)

_provider_test = analysistest.make(_provider_impl)

def _actions_impl(ctx):
    env = analysistest.begin(ctx)
    describe = _action(env, "SlmPacket")
    asserts.equals(env, ["subject"], _flags(describe, "--name"))
    asserts.equals(env, ["1.2.3"], _flags(describe, "--version"))
    asserts.equals(env, 1, len(_flags(describe, "--adapter")))
    asserts.equals(env, 1, len(_flags(describe, "--baseline")))
    sources = [flag.split("=")[0] for flag in _flags(describe, "--source")]
    for source in [
        "fixtures/models/parent.textproto",
        "fixtures/suites/digits.jsonl",
        "fixtures/suites/gate_policy.textproto",
    ]:
        asserts.true(env, source in sources, source + " is not a source")
    for source in sources:
        asserts.false(env, source.startswith("."), source + " is no plain path")
        asserts.false(env, source.endswith(".lock"), source + " is recorded")
    targets = [flag.split("=")[0] for flag in _flags(describe, "--runtime")]
    asserts.equals(env, ["linux-x86_64", "wasm32"], targets)
    layout = _action(env, "SlmPacketLayout")
    asserts.equals(env, 1, len(layout.outputs.to_list()))
    return analysistest.end(env)

_actions_test = analysistest.make(_actions_impl)

def _other_gate_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "the gate judges fixtures/descendant.manifest.json (expected the model, fixtures/descendant_fused.slm.manifest.json)")
    return analysistest.end(env)

_other_gate_test = analysistest.make(_other_gate_impl, expect_failure = True)

def _two_modules_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "wasm_runtime has 2 files (expected 1)")
    return analysistest.end(env)

_two_modules_test = analysistest.make(_two_modules_impl, expect_failure = True)

def _script_impl(ctx):
    env = analysistest.begin(ctx)
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles
    names = [file.basename for file in runfiles.files.to_list()]
    for name in ["subject.manifest.json", "subject.record.json", "slm_packet_released"]:
        asserts.true(env, name in names, name + " is not a runfile")
    asserts.false(env, "subject" in names, "the test asks for a copy")
    return analysistest.end(env)

_script_test = analysistest.make(_script_impl)

def _built_record_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "is no source file of this workspace")
    return analysistest.end(env)

_built_record_test = analysistest.make(_built_record_impl, expect_failure = True)

def _packet(name, **kwargs):
    release_packet(name = name, tags = ["manual"], version = "1.2.3", **kwargs)

def _make_subjects():
    _packet("subject", gate = "//fixtures:gate", model = "//fixtures:descendant")
    _packet(
        "other_gate_packet",
        gate = "//fixtures:gate",
        model = "//fixtures:descendant_fused",
    )
    native.genrule(
        name = "two_modules",
        outs = ["first.wasm", "second.wasm"],
        cmd = "false",
        tags = ["manual"],
    )
    _packet(
        "two_modules_packet",
        gate = "//fixtures:gate",
        model = "//fixtures:descendant",
        wasm_runtime = ":two_modules",
    )
    release_packet_test(
        name = "subject_test",
        manifest = "recorded.json",
        packet = ":subject",
        record = "recorded.json",
        tags = ["manual"],
    )
    native.genrule(
        name = "built_record",
        outs = ["built.json"],
        cmd = "false",
        tags = ["manual"],
    )
    release_packet_test(
        name = "built_record_subject_test",
        manifest = "recorded.json",
        packet = ":subject",
        record = ":built_record",
        tags = ["manual"],
    )

def release_packet_test_suite(name):
    """Declares the tests and what they look at.

    Args:
      name: name of the test suite.
    """
    _make_subjects()
    tests = {
        "actions": (_actions_test, ":subject"),
        "built_record": (_built_record_test, ":built_record_subject_test.update"),
        "other_gate": (_other_gate_test, ":other_gate_packet"),
        "provider": (_provider_test, ":subject"),
        "script": (_script_test, ":subject_test"),
        "two_modules": (_two_modules_test, ":two_modules_packet"),
    }
    names = []
    for test in sorted(tests):
        rule, subject = tests[test]
        rule(name = "%s_%s" % (name, test), target_under_test = subject)
        names.append(":%s_%s" % (name, test))
    native.test_suite(name = name, tests = names)
