"""What programs for 64-bit Arm are linked with, whole: they run under QEMU.

libc++ has the same headers on every processor, so only its libraries are here.
"""

load("//third_party:archives.bzl", "debian_archive")
load(
    "//third_party/sysroot:workspace.bzl",
    "EXCLUDED_HEADERS",
    "LINUX_HEADERS",
)

_LLVM = "usr/lib/llvm-19/lib/"
_RUNTIME = _LLVM + "clang/19/lib/linux/"
_USR_LIB = "usr/lib/aarch64-linux-gnu/"

def sysroot_aarch64_repository():
    debian_archive(
        name = "pedigree_sysroot_aarch64",
        build_file = Label(
            "//third_party/sysroot_aarch64:sysroot_aarch64.BUILD.bazel",
        ),
        exclude = EXCLUDED_HEADERS,
        lock = Label("//third_party/sysroot_aarch64:archives.lock"),
        packages = {
            "libc++-19-dev": [_LLVM + "libc++.a"],
            "libc++abi-19-dev": [_LLVM + "libc++abi.a"],
            "libc6-dev": ["usr/include"] + [
                _USR_LIB + name
                for name in [
                    "crt1.o",
                    "crti.o",
                    "crtn.o",
                    "libc.a",
                    "libdl.a",
                    "libm.a",
                    "libpthread.a",
                    "librt.a",
                ]
            ],
            "libclang-rt-19-dev": [
                _RUNTIME + "clang_rt.crtbegin-aarch64.o",
                _RUNTIME + "clang_rt.crtend-aarch64.o",
                _RUNTIME + "libclang_rt.builtins-aarch64.a",
            ],
            "libunwind-19-dev": [_LLVM + "libunwind.a"],
            "linux-libc-dev": [
                "usr/include/aarch64-linux-gnu/asm",
                "usr/include/asm-generic",
            ] + ["usr/include/linux/" + name for name in LINUX_HEADERS],
        },
    )
