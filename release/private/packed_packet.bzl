"""A packet in its packed form, as a build output."""

load("//bazel:release.bzl", "released_tool")
load("//release:providers.bzl", "OciLayoutInfo")

def _packed_packet_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".tar.zst")
    packet = ctx.attr.packet[OciLayoutInfo]
    args = ctx.actions.args()
    args.add_all(["packet", "pack"])
    args.add(packet.manifest, format = "--manifest=%s")
    args.add(packet.blob_list, format = "--blob-list=%s")
    args.add(out, format = "--out=%s")
    args.add("--level=19")
    ctx.actions.run(
        executable = ctx.executable._pedigree,
        arguments = [args],
        inputs = depset(
            [packet.blob_list, packet.manifest],
            transitive = [packet.blobs],
        ),
        outputs = [out],
        mnemonic = "PackPacket",
        progress_message = "Packing %s" % ctx.label,
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

packed_packet = rule(
    implementation = _packed_packet_impl,
    doc = """Packs a packet into one file (docs/formats/packet.md, "Packed form").

The file is a function of the packet and the pinned zstd, so it has the same bytes
on every machine.""",
    attrs = {
        "packet": attr.label(
            doc = "The `release_packet`.",
            mandatory = True,
            providers = [OciLayoutInfo],
        ),
        "_pedigree": released_tool(Label("//:pedigree_tool")),
    },
)
