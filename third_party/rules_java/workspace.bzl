"""The name rules_java for Bazel's built-in Java rules.

No Java is built here, but Bazel 4.2.3's own toolchain packages load the name.
"""

load("//third_party:local_files.bzl", "local_files")

def rules_java_repository():
    local_files(
        name = "rules_java",
        files = {
            Label("//third_party/rules_java:defs.bzl"): "java/defs.bzl",
            Label("//third_party/rules_java:java.BUILD.bazel"): "java/BUILD.bazel",
        },
    )
