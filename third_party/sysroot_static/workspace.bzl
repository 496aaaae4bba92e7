"""The C library of Debian 12 for x86-64 to link whole.

Apart from @pedigree_sysroot because only static programs hold it: the records of
other releases must not change with it.
"""

load("//third_party:part_of_archive.bzl", "part_of_archive")

def sysroot_static_repository():
    part_of_archive(
        name = "pedigree_sysroot_static",
        archives = Label("//third_party/sysroot:archives.lock"),
        build_file = Label(
            "//third_party/sysroot_static:sysroot_static.BUILD.bazel",
        ),
        lock = Label("//third_party/sysroot_static:archives.lock"),
        packages = {"libc6-dev": ["usr/lib/x86_64-linux-gnu/libc.a"]},
    )
