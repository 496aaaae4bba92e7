"""What release rules hand on."""

OciLayoutInfo = provider(
    doc = "A packet as content-addressed files; no copy is made to describe it. Returned by `release_packet`.",
    fields = {
        "blob_list": "File: canonical JSON list of {digest, path} for every blob, config and layers, in manifest order.",
        "blobs": "depset of File: the files that hold the blobs' bytes.",
        "bom": "File: the bill of materials, CycloneDX JSON.",
        "digest": "File: one line, `sha256:<hex>` of the manifest.",
        "layout": "File: the packet as an OCI image-layout directory, made only when asked for.",
        "manifest": "File: the OCI manifest; its SHA-256 is the packet's id.",
        "record": "File: the release record, the first layer.",
        "statements": "list of File: unsigned statements beside the packet, canonical JSON, one kind of claim each.",
    },
)
