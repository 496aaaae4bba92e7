"""Stands in for Bazel's coverage tool, a download that no build here needs.

Without the target every test of Bazel 4.2.3 fails at analysis, and a query for a
test's dependencies in any Bazel.
"""

load("//third_party:local_files.bzl", "local_files")

def remote_coverage_tools_repository():
    local_files(
        name = "remote_coverage_tools",
        files = {
            Label("//third_party/remote_coverage_tools:coverage.BUILD.bazel"): "BUILD.bazel",
        },
    )
