"""Clang, LLD and LLVM 19 for x86-64 Linux, and the C++ toolchain made of them."""

load(
    "//third_party:archives.bzl",
    "ARCHIVE_ATTRS",
    "check_tree",
    "read_lock",
    "unpack_debs",
)

_BIN = "usr/lib/llvm-19/bin/"
_RESOURCE = "usr/lib/llvm-19/lib/clang/19/"
_LIB = "lib/x86_64-linux-gnu/"
_USR_LIB = "usr/lib/x86_64-linux-gnu/"

# The programs and what they load. Emscripten uses the same ones.
_PACKAGES = {
    "clang-19": [_BIN + "clang", _BIN + "clang++"],
    "lld-19": [_BIN + "lld", _BIN + "ld.lld", _BIN + "wasm-ld"],
    "llvm-19": [
        _BIN + "llvm-ar",
        _BIN + "llvm-cov",
        _BIN + "llvm-dwarfdump",
        _BIN + "llvm-dwp",
        _BIN + "llvm-nm",
        _BIN + "llvm-objcopy",
        _BIN + "llvm-objdump",
        _BIN + "llvm-profdata",
        _BIN + "llvm-ranlib",
        _BIN + "llvm-readelf",
        _BIN + "llvm-readobj",
        _BIN + "llvm-strip",
        _BIN + "llvm-symbolizer",
    ],
    "libllvm19": [_USR_LIB + "libLLVM.so.19.1"],
    "libclang-cpp19": [_USR_LIB + "libclang-cpp.so.19.1"],
    "libclang-common-19-dev": [_RESOURCE + "include"],
    "libclang-rt-19-dev": [
        _RESOURCE + "lib/linux/" + name
        for name in [
            "clang_rt.crtbegin-x86_64.o",
            "clang_rt.crtend-x86_64.o",
            "libclang_rt.asan*-x86_64.a",
            "libclang_rt.builtins-x86_64.a",
            "libclang_rt.fuzzer*-x86_64.a",
            "libclang_rt.profile-x86_64.a",
            "libclang_rt.tsan-x86_64.a",
            "libclang_rt.tsan_cxx-x86_64.a",
            "libclang_rt.ubsan_standalone*-x86_64.a",
        ]
    ] + [_RESOURCE + "include/sanitizer"],
    "libc6": [
        _LIB + "ld-linux-x86-64.so.2",
        _LIB + "libc.so.6",
        _LIB + "libdl.so.2",
        _LIB + "libm.so.6",
        _LIB + "libpthread.so.0",
        _LIB + "librt.so.1",
    ],
    "libgcc-s1": [_LIB + "libgcc_s.so.1"],
    "libstdc++6": [_USR_LIB + "libstdc++.so.6*"],
    "zlib1g": [_LIB + "libz.so.1*"],
    "libzstd1": [_USR_LIB + "libzstd.so.1*"],
    "libxml2": [_USR_LIB + "libxml2.so.2*"],
    "libicu72": [_USR_LIB + "libicudata.so.72*", _USR_LIB + "libicuuc.so.72*"],
    "liblzma5": [_LIB + "liblzma.so.5*"],
    "libedit2": [_USR_LIB + "libedit.so.2*"],
    "libtinfo6": [_LIB + "libtinfo.so.6*"],
    "libbsd0": [_USR_LIB + "libbsd.so.0*"],
    "libmd0": [_USR_LIB + "libmd.so.0*"],
    "libz3-4": [_USR_LIB + "libz3.so.4"],
    "libffi8": [_USR_LIB + "libffi.so.8*"],
}

# Headers of languages that nothing here is written in, and of processors that
# nothing is built for.
_EXCLUDE = [
    _RESOURCE + "include/" + name
    for name in [
        "*cuda*",
        "*hexagon*",
        "*_hip_*",
        "*openmp*",
        "ISO_Fortran_binding.h",
        "altivec.h",
        "arm64intr.h",
        "arm_cde.h",
        "arm_cmse.h",
        "arm_mve.h",
        "arm_sme.h",
        "arm_sve.h",
        "arm_neon_sve_bridge.h",
        "armintr.h",
        "htm*",
        "larchintrin.h",
        "lasxintrin.h",
        "llvm_libc_wrappers",
        "lsxintrin.h",
        "module.modulemap",
        "msa.h",
        "opencl*",
        "ppc_wrappers",
        "riscv*",
        "s390intrin.h",
        "sifive_vector.h",
        "vecintrin.h",
        "velintrin*",
        "xray",
        "zos_wrappers",
    ]
]

def _clang_repository_impl(ctx):
    lock = read_lock(ctx)
    unpack_debs(ctx, lock, _PACKAGES, _EXCLUDE)
    check_tree(ctx, lock)
    done = ctx.execute([
        "sh",
        "-euc",
        """cd usr/lib/llvm-19
mv bin libexec
mkdir bin
for tool in libexec/*; do
  cp "$1" "bin/${tool##*/}"
  chmod 755 "bin/${tool##*/}"
done""",
        "-",
        ctx.path(ctx.attr._tool),
    ])
    if done.return_code:
        fail("%s: %s" % (lock.label, done.stderr.strip()))
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(ctx.attr._build_file, "BUILD.bazel")

_clang_repository = repository_rule(
    implementation = _clang_repository_impl,
    doc = "LLVM's programs, each behind a script that runs it by its own libc.",
    attrs = dict(
        ARCHIVE_ATTRS,
        _build_file = attr.label(
            default = Label("//third_party/clang:clang.BUILD.bazel"),
        ),
        _tool = attr.label(default = Label("//third_party/clang:tool.sh")),
    ),
)

def clang_repository():
    _clang_repository(
        name = "pedigree_clang",
        lock = Label("//third_party/clang:archives.lock"),
    )
