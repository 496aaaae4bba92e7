"""libc++, libc++abi and libunwind 19: headers and static libraries."""

load("//third_party:archives.bzl", "debian_archive")

def libcxx_repository():
    debian_archive(
        name = "pedigree_libcxx",
        build_file = Label("//third_party/libcxx:libcxx.BUILD.bazel"),
        exclude = [
            "usr/lib/llvm-19/include/c++/v1/module.modulemap",
            "usr/lib/llvm-19/include/c++/v1/libcxx.imp",
        ],
        lock = Label("//third_party/libcxx:archives.lock"),
        packages = {
            "libc++-19-dev": [
                "usr/lib/llvm-19/include/c++/v1",
                "usr/lib/llvm-19/lib/libc++.a",
            ],
            "libc++abi-19-dev": ["usr/lib/llvm-19/lib/libc++abi.a"],
            "libunwind-19-dev": ["usr/lib/llvm-19/lib/libunwind.a"],
        },
    )
