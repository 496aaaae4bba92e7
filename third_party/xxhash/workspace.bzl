"""xxHash, of which only the header is used."""

load("//third_party:archives.bzl", "source_archive")

def xxhash_repository():
    source_archive(
        name = "xxhash",
        build_file = Label("//third_party/xxhash:xxhash.BUILD.bazel"),
        keep = [
            "LICENSE",
            "xxhash.h",
        ],
        lock = Label("//third_party/xxhash:archives.lock"),
    )
