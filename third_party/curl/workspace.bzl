"""libcurl, which speaks HTTP to OCI registries."""

load("//third_party:archives.bzl", "source_archive")

def curl_repository():
    source_archive(
        name = "curl",
        build_file = Label("//third_party/curl:curl.BUILD.bazel"),
        keep = [
            "COPYING",
            "include/curl",
            "lib",
        ],
        lock = Label("//third_party/curl:archives.lock"),
        overlay = {
            Label("//third_party/curl:curl_config.h"): "lib/curl_config.h",
        },
    )
