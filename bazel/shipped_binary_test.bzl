"""Checks what a binary that goes into packets may hold and import."""

def shipped_binary_test(name, binary, **kwargs):
    """Tests a native binary that is shipped.

    It must import no function of libm, whose results differ between versions of
    libc, and must hold no path that depends on the build: those change between
    Bazel versions, directories and configurations.

    Args:
      name: name of the test.
      binary: label of the binary.
      **kwargs: as for sh_test.
    """
    clang = "@pedigree_clang//:"
    sysroot = "@pedigree_sysroot//:"
    nm = clang + "usr/lib/llvm-19/bin/llvm-nm"
    libm = sysroot + "lib/x86_64-linux-gnu/libm.so.6"
    libc = sysroot + "lib/x86_64-linux-gnu/libc.so.6"
    native.sh_test(
        name = name,
        srcs = ["//bazel:shipped_binary_test.sh"],
        args = ["$(rootpath %s)" % label for label in [binary, nm, libm, libc]],
        data = [
            binary,
            nm,
            clang + "binutils",
            libm,
            libc,
        ],
        size = "small",
        **kwargs
    )
