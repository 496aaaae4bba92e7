"""Bazel Skylib."""

load("//third_party:archives.bzl", "source_archive")

def bazel_skylib_repository():
    source_archive(
        name = "bazel_skylib",
        keep = [
            "BUILD",
            "LICENSE",
            "bzl_library.bzl",
            "lib",
            "lib.bzl",
            "rules",
            "skylark_library.bzl",
            "toolchains",
            "version.bzl",
        ],
        lock = Label("//third_party/bazel_skylib:archives.lock"),
    )
