"""The name rules_proto for Bazel's built-in Protocol Buffers rules."""

load("//third_party:local_files.bzl", "local_files")

def rules_proto_repository():
    local_files(
        name = "rules_proto",
        files = {
            Label("//third_party/rules_proto:defs.bzl"): "proto/defs.bzl",
            Label("//third_party/rules_proto:proto.BUILD.bazel"): "proto/BUILD.bazel",
        },
    )
