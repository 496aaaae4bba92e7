"""Constraints that Abseil, GoogleTest and our toolchains name.

Own files, since no released Debian has a version of `platforms` with all of
them: Debian 12 ships 0.0.2, which lacks the WebAssembly processors and systems
that GoogleTest 1.16 selects on. Names are those of the original.
"""

load("//third_party:local_files.bzl", "local_files")

def platforms_repository():
    local_files(
        name = "platforms",
        files = {
            Label("//third_party/platforms:cpu.BUILD.bazel"): "cpu/BUILD.bazel",
            Label("//third_party/platforms:host_constraints.bzl"): "host/constraints.bzl",
            Label("//third_party/platforms:host.BUILD.bazel"): "host/BUILD.bazel",
            Label("//third_party/platforms:os.BUILD.bazel"): "os/BUILD.bazel",
            Label("//third_party/platforms:platforms.BUILD.bazel"): "BUILD.bazel",
        },
    )
