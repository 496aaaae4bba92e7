"""Abseil, with its own BUILD files."""

load("//third_party:archives.bzl", "source_archive")

def abseil_repository():
    source_archive(
        name = "com_google_absl",
        keep = [
            "BUILD.bazel",
            "LICENSE",
            "absl",
        ],
        lock = Label("//third_party/abseil:archives.lock"),
    )
