"""Checks what a binary that goes into packets may hold and import."""

_BUILD_PATHS = "//bazel:build_paths.sh"

_CLANG = "@pedigree_clang//:"

_NM = _CLANG + "usr/lib/llvm-19/bin/llvm-nm"

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
    sysroot = "@pedigree_sysroot//:"
    libm = sysroot + "lib/x86_64-linux-gnu/libm.so.6"
    libc = sysroot + "lib/x86_64-linux-gnu/libc.so.6"
    native.sh_test(
        name = name,
        srcs = ["//bazel:shipped_binary_test.sh"],
        args = [
            "$(rootpath %s)" % label
            for label in [binary, _NM, libm, libc, _BUILD_PATHS]
        ],
        data = [
            binary,
            _BUILD_PATHS,
            _CLANG + "binutils",
            _NM,
            libm,
            libc,
        ],
        size = "small",
        **kwargs
    )

def static_binary_test(name, binary, **kwargs):
    """Tests a native binary that is shipped with everything it needs.

    It must name no loader and no shared library, import nothing, be loadable at any
    address, and hold no path that depends on the build. That it uses nothing of
    libm follows from how it is linked: without.

    Args:
      name: name of the test.
      binary: label of the binary.
      **kwargs: as for sh_test.
    """
    native.sh_test(
        name = name,
        srcs = ["//bazel:static_binary_test.sh"],
        args = [
            "$(rootpath %s)" % label
            for label in [binary, _NM, _BUILD_PATHS]
        ],
        data = [
            binary,
            _BUILD_PATHS,
            _CLANG + "binutils",
            _NM,
        ],
        size = "small",
        **kwargs
    )
