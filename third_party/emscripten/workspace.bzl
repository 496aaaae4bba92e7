"""Emscripten 3.1.69 of Debian 13: headers, libraries and the link step."""

load("//third_party:archives.bzl", "debian_archive")

_ROOT = "usr/share/emscripten/"
_INCLUDE = _ROOT + "cache/sysroot/include/"
_LIB = _ROOT + "cache/sysroot/lib/wasm32-emscripten/"

# Of 1.6 GB: no tests, documentation, ports, sources of the system libraries,
# nor their variants with threads, exceptions, sanitizers or debugging.
_KEPT = [
    _INCLUDE.rstrip("/"),
    _LIB + "libbulkmemory.a",
    _LIB + "libc++-noexcept.a",
    _LIB + "libc++abi-noexcept.a",
    _LIB + "libc.a",
    _LIB + "libcompiler_rt.a",
    _LIB + "libemmalloc.a",
    _LIB + "libnoexit.a",
    _LIB + "libsockets.a",
    _LIB + "libstandalonewasm-nocatch-memgrow-pure.a",
    _LIB + "libstubs.a",
    _LIB + "lto/libbulkmemory.a",
    _LIB + "lto/libc++-noexcept.a",
    _LIB + "lto/libc++abi-noexcept.a",
    _LIB + "lto/libc.a",
    _LIB + "lto/libcompiler_rt.a",
    _LIB + "lto/libemmalloc.a",
    _LIB + "lto/libnoexit.a",
    _LIB + "lto/libsockets.a",
    _LIB + "lto/libstandalonewasm-nocatch-memgrow-pure.a",
    _LIB + "lto/libstubs.a",
    _ROOT + "cache/sysroot_install.stamp",
    _ROOT + "emcc.py",
    _ROOT + "emscripten-version.txt",
    _ROOT + "src/*.js",
    _ROOT + "src/*.mjs",
    _ROOT + "src/struct_info_generated.json",
    _ROOT + "third_party/leb128",
    _ROOT + "tools/__init__.py",
    _ROOT + "tools/building.py",
    _ROOT + "tools/cache.py",
    _ROOT + "tools/colored_logger.py",
    _ROOT + "tools/config.py",
    _ROOT + "tools/diagnostics.py",
    _ROOT + "tools/emscripten.py",
    _ROOT + "tools/extract_metadata.py",
    _ROOT + "tools/feature_matrix.py",
    _ROOT + "tools/filelock.py",
    _ROOT + "tools/js_manipulation.py",
    _ROOT + "tools/line_endings.py",
    _ROOT + "tools/link.py",
    _ROOT + "tools/minimal_runtime_shell.py",
    _ROOT + "tools/ports/__init__.py",
    _ROOT + "tools/ports/contrib/README.md",
    _ROOT + "tools/response_file.py",
    _ROOT + "tools/settings.py",
    _ROOT + "tools/shared.py",
    _ROOT + "tools/system_libs.py",
    _ROOT + "tools/tempfiles.py",
    _ROOT + "tools/toolchain_profiler.py",
    _ROOT + "tools/utils.py",
    _ROOT + "tools/webassembly.py",
]

# Headers of graphics, sound and windows, which no module here draws or plays.
_EXCLUDED = [
    _INCLUDE + name
    for name in [
        "AL",
        "EGL",
        "GL",
        "GLES",
        "GLES2",
        "GLES3",
        "GLFW",
        "KHR",
        "SDL",
        "X11",
        "c++/v1/experimental",
        "c++/v1/ext",
        # Includes neon/, which Debian's package leaves out; xxHash looks for it.
        "compat/arm_neon.h",
        "fakesdl",
        "mach-o",
        "mimalloc*",
        "sanitizer",
        "scsi",
        "uuid",
        "webgl",
        "webgpu",
    ]
] + [
    _ROOT + "src/" + name
    for name in [
        "embind",
        "polyfill",
    ]
]

def emscripten_repository():
    """Defines @pedigree_emscripten: `:headers` and `:link_files`."""
    debian_archive(
        name = "pedigree_emscripten",
        build_file = Label("//third_party/emscripten:emscripten.BUILD.bazel"),
        exclude = _EXCLUDED,
        lock = Label("//third_party/emscripten:archives.lock"),
        packages = {"emscripten": _KEPT},
    )
