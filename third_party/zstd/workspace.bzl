"""Zstandard."""

load("//third_party:archives.bzl", "source_archive")

def zstd_repository():
    source_archive(
        name = "zstd",
        build_file = Label("//third_party/zstd:zstd.BUILD.bazel"),
        keep = [
            "LICENSE",
            "lib",
        ],
        lock = Label("//third_party/zstd:archives.lock"),
    )
