"""release_packet: everything a release stands on, content-addressed."""

load("//bazel:release.bzl", "release_transition", "released_tool")
load("//bazel:release_settings.bzl", "only_target")
load("//evaluator:providers.bzl", "EvalGateInfo", "SlmScorecardInfo")
load("//packager:providers.bzl", "SlmModelInfo")
load("//release:providers.bzl", "OciLayoutInfo")
load(
    "//third_party:libraries.bzl",
    "LibrariesInfo",
    "ThirdPartyLibraryInfo",
    "linked_libraries",
    "linked_repositories",
)

_DOC = """A release packet: an OCI image layout, legal as a ModelPack artifact.

    release_packet(
        name = "packet",
        gate = ":gate",
        model = ":descendant",
        version = "1.0.0",
    )

makes the directory `packet`, a copy of every blob, only when it is asked for by
`bazel build :packet`. Its parts are described without a copy: the manifest, the
release record, and, in `packet.digest`, the packet's digest, which is the
manifest's SHA-256. The unsigned statements about it lie in `packet.statements/`.
Output groups: `manifest`, `record`, `bom`, `diagnostics`, `statements`, `blobs`,
and `described`: the manifest and the list of blobs that `packet verify`, `packet
pack` and others take instead of a directory, with all that these name.

The runtimes' libraries are found by an aspect over what the runtimes are linked
from; their licence texts are part of the packet.

It refuses to build, with the gate's table, unless the gate's decision is PASS.

The bytes are a function of declared inputs alone: model, adapters and evidence
come from deterministic actions, the runtimes are compiled by pinned toolchains
under fixed settings, every document is canonical JSON, and nothing in them
tells a time, user, machine or folder.
"""

# The claims that follow from a packet alone, as `statement describe` names them.
_STATEMENTS = ["eval", "oms", "provenance", "test-result"]

def _source_path(file):
    """The path below its workspace, whichever repository that is here."""
    path = file.short_path
    if path.startswith("../"):
        return path.split("/", 2)[2]
    return path

def _source_flag(file):
    return "--source=%s=%s" % (_source_path(file), file.path)

def _check_gate(label, model, gate):
    same = [
        model.model == gate.model.model,
        model.adapters == gate.model.adapters,
        model.manifest == gate.model.manifest,
    ]
    if not all(same):
        fail("release_packet %s: the gate judges %s (expected the model, %s)" % (
            label,
            gate.model.manifest.short_path,
            model.manifest.short_path,
        ))

    if gate.observations:
        fail("release_packet %s: its gate judges observations of a machine, %s, which no packet holds (gate the release by a policy without observation_caps)" % (
            label,
            gate.observations[0].short_path,
        ))

def _scorecard(ctx, model, gate):
    """The scorecard's File in a list, or none."""
    if not ctx.attr.scorecard:
        return []
    info = ctx.attr.scorecard[SlmScorecardInfo]
    found = sorted([evidence.sidecar.path for evidence in info.evals])
    expected = sorted([evidence.sidecar.path for evidence in gate.evals])
    if info.model.manifest != model.manifest or found != expected:
        fail("release_packet %s: scorecard %s is of %s (expected the gate's evidence, %s)" % (
            ctx.label,
            ctx.attr.scorecard.label,
            ", ".join(found),
            ", ".join(expected),
        ))
    return [info.scorecard]

def _one_runtime(label, target, files):
    if len(files) != 1:
        fail("release_packet %s: %s has %d files (expected 1)" % (
            label,
            target,
            len(files),
        ))
    return files[0]

def _runtimes(ctx):
    """Pairs of target and File, in the order of the record."""
    native = ctx.executable.native_runtime
    wasm = _one_runtime(ctx.label, "wasm_runtime", ctx.files.wasm_runtime)
    return [("linux-x86_64", native), ("wasm32", wasm)]

def _linked_libraries(ctx):
    """Writes what the runtimes are linked from; returns the file and the texts."""
    programs = [
        ("linux-x86_64", only_target(ctx.attr.native_runtime)),
        ("wasm32", ctx.attr.wasm_runtime),
    ]
    known = ctx.attr._libraries[LibrariesInfo].libraries + [
        library[ThirdPartyLibraryInfo]
        for library in ctx.attr.libraries
    ]
    entries = []
    texts = []
    for info, targets in linked_libraries(ctx.label, known, programs):
        texts.extend(info.notices)
        entries.append({
            "license": info.license,
            "name": info.library,
            "notices": [notice.path for notice in info.notices],
            "pin": info.pin,
            "targets": targets,
            "version": info.version,
        })
    list_file = ctx.actions.declare_file(ctx.label.name + ".libraries.json")
    ctx.actions.write(list_file, json.encode(entries))
    return list_file, texts

def _describe(ctx, model, gate):
    """Registers the action that makes manifest, config, record and nodes."""
    name = ctx.label.name
    runtimes = _runtimes(ctx)
    libraries, notices = _linked_libraries(ctx)
    licenses = depset(ctx.files.licenses, transitive = [model.licenses])
    sources = depset(transitive = [model.sources, gate.sources] +
                                  [info.suite.sources for info in gate.evals])
    parts = {
        "adapter": model.adapters,
        "adapter-manifest": model.adapter_manifests,
        "baseline": gate.baselines,
        "decision": [gate.decision],
        "diagnostics": [info.diagnostics for info in gate.evals],
        "manifest": [model.manifest],
        "model": [model.model],
        "node": [model.node],
        "policy": [gate.policy],
        "receipt": [model.receipt],
        "scorecard": _scorecard(ctx, model, gate),
        "sidecar": [info.sidecar for info in gate.evals],
        "suite": [info.suite.suite for info in gate.evals],
    }

    # What a lineage brings along stays in its depsets: a list of it in each packet
    # would make a line of descendants cost the square of its length.
    inherited = {
        "ancestor": model.ancestor_nodes,
        "license": licenses,
        "receipt": model.ancestor_receipts,
    }
    outputs = {
        "blob-list-out": ctx.actions.declare_file(name + ".blobs.json"),
        "bom-out": ctx.actions.declare_file(name + ".bom.cdx.json"),
        "config-out": ctx.actions.declare_file(name + ".config.json"),
        "digest-out": ctx.outputs.digest,
        "manifest-out": ctx.actions.declare_file(name + ".manifest.json"),
        "record-out": ctx.actions.declare_file(name + ".record.json"),
        "release-node-out": ctx.actions.declare_file(name + ".node.json"),
    }
    args = ctx.actions.args()
    args.add_all(["packet", "describe"])
    args.add("--name=" + (ctx.attr.release_name or name))
    args.add("--version=" + ctx.attr.version)
    inputs = []
    for flag in sorted(parts):
        args.add_all(parts[flag], format_each = "--%s=%%s" % flag)
        inputs.extend(parts[flag])
    for flag in sorted(inherited):
        args.add_all(inherited[flag], format_each = "--%s=%%s" % flag)
    for target, file in runtimes:
        args.add(file, format = "--runtime=%s=%%s" % target)
        inputs.append(file)
    args.add(ctx.file.toolchain_pins, format = "--toolchain-pins=%s")
    args.add(libraries, format = "--linked-libraries=%s")
    args.add_all(sources, map_each = _source_flag)
    for flag in sorted(outputs):
        args.add(outputs[flag], format = "--%s=%%s" % flag)
    ctx.actions.run(
        mnemonic = "SlmPacket",
        progress_message = "Describing packet %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(
            inputs + notices + [ctx.file.toolchain_pins, libraries],
            transitive = [sources] + inherited.values(),
        ),
        outputs = outputs.values(),
    )
    made = [
        outputs[flag]
        for flag in ["bom-out", "config-out", "record-out", "release-node-out"]
    ]
    blobs = depset(
        inputs + notices + made,
        transitive = inherited.values(),
    )
    return outputs, blobs

def _assemble(ctx, outputs, blobs):
    """Registers the action that copies everything into one directory."""
    layout = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add_all(["packet", "assemble"])
    args.add(outputs["manifest-out"], format = "--manifest=%s")
    args.add(outputs["blob-list-out"], format = "--blob-list=%s")
    args.add("--out=" + layout.path)
    ctx.actions.run(
        mnemonic = "SlmPacketLayout",
        progress_message = "Assembling packet %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(
            [outputs["manifest-out"], outputs["blob-list-out"]],
            transitive = [blobs],
        ),
        outputs = [layout],
    )
    return layout

def _state(ctx, model, gate, outputs):
    """Registers the action that makes the unsigned statements, from documents alone."""
    documents = [
        outputs["blob-list-out"],
        outputs["manifest-out"],
        outputs["record-out"],
        gate.decision,
    ] + gate.baselines + [info.sidecar for info in gate.evals]
    statements = {
        kind: ctx.actions.declare_file("%s.statements/%s.json" % (ctx.label.name, kind))
        for kind in _STATEMENTS
    }
    args = ctx.actions.args()
    args.add_all(["statement", "describe"])
    args.add(outputs["manifest-out"], format = "--manifest=%s")
    args.add(outputs["blob-list-out"], format = "--blob-list=%s")
    for kind in _STATEMENTS:
        args.add(statements[kind], format = "--%s-out=%%s" % kind)
    ctx.actions.run(
        mnemonic = "SlmStatements",
        progress_message = "Making statements about packet %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(documents, transitive = [model.ancestor_nodes]),
        outputs = statements.values(),
    )
    return statements.values()

def _release_packet_impl(ctx):
    model = ctx.attr.model[SlmModelInfo]
    gate = ctx.attr.gate[EvalGateInfo]
    _check_gate(ctx.label, model, gate)
    outputs, blobs = _describe(ctx, model, gate)
    layout = _assemble(ctx, outputs, blobs)
    statements = _state(ctx, model, gate, outputs)
    manifest = outputs["manifest-out"]
    record = outputs["record-out"]
    return [
        DefaultInfo(
            files = depset([layout]),
            runfiles = ctx.runfiles([layout]),
        ),
        OutputGroupInfo(
            blobs = blobs,
            bom = depset([outputs["bom-out"]]),
            diagnostics = depset([info.diagnostics for info in gate.evals]),
            described = depset(
                [manifest, outputs["blob-list-out"]],
                transitive = [blobs],
            ),
            manifest = depset([manifest]),
            record = depset([record]),
            statements = depset(statements),
        ),
        OciLayoutInfo(
            blob_list = outputs["blob-list-out"],
            blobs = blobs,
            bom = outputs["bom-out"],
            digest = ctx.outputs.digest,
            layout = layout,
            manifest = manifest,
            record = record,
            statements = statements,
        ),
    ]

_release_packet = rule(
    implementation = _release_packet_impl,
    doc = _DOC,
    attrs = {
        "digest": attr.output(
            doc = "The packet's digest, one line.",
            mandatory = True,
        ),
        "gate": attr.label(
            doc = "The gate that must pass. Its model is the packet's.",
            mandatory = True,
            providers = [EvalGateInfo],
        ),
        "libraries": attr.label_list(
            doc = "`third_party_library` targets: libraries in the runtimes besides those of this project. Default: none.",
            providers = [ThirdPartyLibraryInfo],
        ),
        "licenses": attr.label_list(
            doc = "Licence texts besides those of the model and its parents. Default: none.",
            allow_files = True,
        ),
        "model": attr.label(
            doc = "What is released: a model or descendant.",
            mandatory = True,
            providers = [SlmModelInfo],
        ),
        "native_runtime": attr.label(
            doc = "The native runtime. Default: the one that evaluates.",
            aspects = [linked_repositories],
            cfg = release_transition,
            default = Label("//runtime:pedigree_runtime"),
            executable = True,
        ),
        "release_name": attr.string(
            doc = "The release's name: letters, digits and `._+-`. Default: `name`.",
        ),
        "scorecard": attr.label(
            doc = "The fitness of the release: an `slm_scorecard` of just the gate's evidence. Default: none.",
            providers = [SlmScorecardInfo],
        ),
        "toolchain_pins": attr.label(
            doc = "JSON file: name, version and tree digest of what the runtimes were built by and from. Default: the pins of this project that its runtimes depend on.",
            allow_single_file = [".json"],
            default = Label("//third_party:toolchain_pins"),
        ),
        "version": attr.string(
            doc = "The release's version, of the same characters.",
            mandatory = True,
        ),
        "wasm_runtime": attr.label(
            doc = "The WebAssembly runtime. Default: the one of this project.",
            aspects = [linked_repositories],
            allow_files = [".wasm"],
            default = Label("//runtime:wasm"),
        ),
        # Of the native runtime's transition.
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_libraries": attr.label(
            default = Label("//third_party:libraries"),
            providers = [LibrariesInfo],
        ),
        "_tool": released_tool(Label("//release:slm_packet_released")),
    },
    provides = [OciLayoutInfo],
)

def release_packet(name, **kwargs):
    """A release packet, and its digest as the target `<name>.digest`.

    See the documentation of the rule above.

    Args:
      name: name of the target and of the packet directory.
      **kwargs: attributes of the rule: `gate`, `model` and `version`; common
        attributes, such as `visibility`.
    """
    _release_packet(name = name, digest = name + ".digest", **kwargs)
