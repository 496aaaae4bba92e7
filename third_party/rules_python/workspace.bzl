"""The name rules_python for Bazel's built-in Python rules.

No Python is built here, but Bazel 7's own toolchain packages load the name.
"""

load("//third_party:local_files.bzl", "local_files")

def rules_python_repository():
    local_files(
        name = "rules_python",
        files = {
            Label("//third_party/rules_python:defs.bzl"): "python/defs.bzl",
            Label("//third_party/rules_python:python.BUILD.bazel"): "python/BUILD.bazel",
        },
    )
