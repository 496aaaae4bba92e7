"""release_packet_test: a packet against the one on record."""

load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("//bazel:release.bzl", "released_tool")
load("//release:providers.bzl", "OciLayoutInfo")

_DOC = """Passes when a packet is the one on record.

    release_packet_test(
        name = "packet_test",
        manifest = "packets/packet.manifest.json",
        packet = ":packet",
        record = "packets/packet.record.json",
    )

Otherwise it names every layer that changed, with both digests, and the fields
of the release record that differ. `bazel run :packet_test.update` records the
packet that is built now; read the change before committing it. The test needs
no packet directory, so it copies nothing.
"""

_SCRIPT = """#!/bin/sh
# Whether packet {packet} is the one on record.
'{tool}' packet compare --manifest='{manifest}' \\
  --recorded-manifest='{recorded_manifest}' --record='{record}' \\
  --recorded-record='{recorded_record}' && exit 0
echo "After an intended change: bazel run {update}"
exit 1
"""

_UPDATE_SCRIPT = """#!/bin/sh
# Records packet {packet}.
set -eu
if [ -z "${{BUILD_WORKSPACE_DIRECTORY:-}}" ]; then
  echo "run this by: bazel run {update}" >&2
  exit 2
fi
cd "$BUILD_WORKSPACE_DIRECTORY"
"""

_UPDATE_FILE = """rm -f '{recorded}.new'
cp "$OLDPWD"/'{file}' '{recorded}.new'
chmod 644 '{recorded}.new'
mv '{recorded}.new' '{recorded}'
echo 'recorded {recorded}'
"""

def _target_name(label):
    """How a user writes `label` on the command line."""
    workspace = "@" + label.workspace_name if label.workspace_name else ""
    return "%s//%s:%s" % (workspace, label.package, label.name)

def _recorded_files(ctx):
    """Pairs of what is built and what is on record."""
    packet = ctx.attr.packet[OciLayoutInfo]
    return [
        (packet.manifest, ctx.file.manifest),
        (packet.record, ctx.file.record),
    ]

def _release_packet_test_impl(ctx):
    packet = ctx.attr.packet[OciLayoutInfo]
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _SCRIPT.format(
            manifest = packet.manifest.short_path,
            packet = _target_name(ctx.attr.packet.label),
            record = packet.record.short_path,
            recorded_manifest = ctx.file.manifest.short_path,
            recorded_record = ctx.file.record.short_path,
            tool = ctx.executable._tool.short_path,
            update = _target_name(ctx.label) + ".update",
        ),
        is_executable = True,
    )
    files = []
    for built, recorded in _recorded_files(ctx):
        files.extend([built, recorded])
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(files).merge(ctx.attr._tool[DefaultInfo].default_runfiles),
    )]

_RECORD_ATTRS = {
    "manifest": attr.label(
        doc = "The packet manifest on record, a file of this workspace.",
        allow_single_file = [".json"],
        mandatory = True,
    ),
    "packet": attr.label(
        doc = "The packet.",
        mandatory = True,
        providers = [OciLayoutInfo],
    ),
    "record": attr.label(
        doc = "The release record on record, a file of this workspace.",
        allow_single_file = [".json"],
        mandatory = True,
    ),
}

_release_packet_test = rule(
    implementation = _release_packet_test_impl,
    doc = _DOC,
    attrs = dicts.add(_RECORD_ATTRS, {
        "_tool": released_tool(Label("//release:slm_packet_released")),
    }),
    test = True,
)

def _check_recorded(label, file):
    if not file.is_source or file.short_path.startswith("../"):
        fail("release_packet_test %s: %s is no source file of this workspace" % (
            label,
            file.short_path,
        ))

def _release_packet_update_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    text = _UPDATE_SCRIPT.format(
        packet = _target_name(ctx.attr.packet.label),
        update = _target_name(ctx.label),
    )
    files = []
    for built, recorded in _recorded_files(ctx):
        _check_recorded(ctx.label, recorded)
        text += _UPDATE_FILE.format(
            file = built.short_path,
            recorded = recorded.short_path,
        )
        files.append(built)
    ctx.actions.write(script, text, is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files))]

_release_packet_update = rule(
    implementation = _release_packet_update_impl,
    doc = "Writes a packet's manifest and record into the source tree.",
    attrs = _RECORD_ATTRS,
    executable = True,
)

def release_packet_test(name, packet, manifest, record, tags = [], **kwargs):
    """A packet against the one on record, and `<name>.update` to record it.

    See the documentation of the rule above.

    Args:
      name: name of the test.
      packet: the `release_packet`.
      manifest: the packet manifest on record, a file of this workspace.
      record: the release record on record, a file of this workspace.
      tags: as for any target.
      **kwargs: common attributes of tests, such as `size`.
    """
    _release_packet_test(
        name = name,
        manifest = manifest,
        packet = packet,
        record = record,
        tags = tags,
        **kwargs
    )
    _release_packet_update(
        name = name + ".update",
        manifest = manifest,
        packet = packet,
        record = record,
        tags = tags + ["manual"],
        testonly = True,
    )
