"""The name rules_cc for Bazel's built-in C++ rules.

Bazel 4.2.3 asks for a repository of this name; the version in Debian 12 does
not load in it.
"""

load("//third_party:local_files.bzl", "local_files")

def rules_cc_repository():
    local_files(
        name = "rules_cc",
        files = {
            Label("//third_party/rules_cc:defs.bzl"): "cc/defs.bzl",
            Label("//third_party/rules_cc:cc.BUILD.bazel"): "cc/BUILD.bazel",
        },
    )
