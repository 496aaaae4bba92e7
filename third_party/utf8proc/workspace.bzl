"""utf8proc, which tests compare the tokenizers' tables of Unicode with."""

load("//third_party:archives.bzl", "source_archive")

def utf8proc_repository():
    source_archive(
        name = "utf8proc",
        build_file = Label("//third_party/utf8proc:utf8proc.BUILD.bazel"),
        keep = [
            "LICENSE.md",
            "utf8proc.c",
            "utf8proc.h",
            "utf8proc_data.c",
        ],
        lock = Label("//third_party/utf8proc:archives.lock"),
    )
