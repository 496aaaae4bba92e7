"""The lab, opening with a release of one's own.

    load("@pedigree//release/lab:defs.bzl", "release_lab")

    release_lab(name = "lab", packet = ":packet")
"""

load("//release/lab:lab_site.bzl", "lab_site")
load("//release/private:packed_packet.bzl", "packed_packet")

_NOTICES = {
    "//:LICENSE": "notices/pedigree/",
    "@com_google_absl//:LICENSE": "notices/abseil/",
    "@com_google_protobuf//:LICENSE": "notices/protobuf/",
    "@openssl//:LICENSE.txt": "notices/openssl/",
    "@zstd//:LICENSE": "notices/zstd/",
}

_MODULES = {
    "//release/lab/wasm:stream": "wasm/",
    "//release/lab/wasm:verify": "wasm/",
    "//runtime/client:modules": "client/",
    "//runtime:wasm": "client/",
}

def _packed(name, packet, **kwargs):
    packed_packet(name = name, packet = packet, **kwargs)
    return ":" + name

def release_lab(name, packet, sibling = None, visibility = None, **kwargs):
    """A directory that any file server can host: the lab, opening with `packet`.

    Args:
      name: name of the directory.
      packet: a `release_packet`.
      sibling: another one, which the lab offers to compare the first with.
      visibility: of the directory.
      **kwargs: for all targets, `tags` for example.
    """
    placed = {}
    for files in [_NOTICES, _MODULES]:
        for label, folder in files.items():
            placed[str(Label(label))] = folder
    lab_site(
        name = name,
        srcs = [str(Label("//release/lab:modules"))],
        packet = _packed(name + "_packet", packet, **kwargs),
        packet_digest = packet + ".digest",
        placed = placed,
        sibling = _packed(name + "_sibling", sibling, **kwargs) if sibling else None,
        visibility = visibility,
        **kwargs
    )
