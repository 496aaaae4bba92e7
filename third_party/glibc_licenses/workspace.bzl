"""The licences of the C library, whole: they go with programs that hold it."""

load("//third_party:archives.bzl", "source_archive")

def glibc_licenses_repository():
    source_archive(
        name = "glibc_licenses",
        build_file = Label(
            "//third_party/glibc_licenses:glibc_licenses.BUILD.bazel",
        ),
        keep = [
            "COPYING.LIB",
            "LICENSES",
        ],
        lock = Label("//third_party/glibc_licenses:archives.lock"),
    )
