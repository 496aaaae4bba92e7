"""Binaryen 120 of Debian 13: the passes that Emscripten's link step runs."""

load("//third_party:programs.bzl", "debian_programs")

def binaryen_repository():
    """Defines @pedigree_binaryen, laid out as Emscripten's BINARYEN_ROOT."""
    debian_programs(
        name = "pedigree_binaryen",
        build_file = Label("//third_party/binaryen:binaryen.BUILD.bazel"),
        loader = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        lock = Label("//third_party/binaryen:archives.lock"),
        packages = {
            "binaryen": [
                "usr/bin/wasm-emscripten-finalize",
                "usr/bin/wasm-opt",
                "usr/lib/x86_64-linux-gnu/libbinaryen.so",
            ],
            "libc6": [
                "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                "usr/lib/x86_64-linux-gnu/libc.so.6",
                "usr/lib/x86_64-linux-gnu/libm.so.6",
            ],
            "libgcc-s1": ["usr/lib/x86_64-linux-gnu/libgcc_s.so.1"],
            "libstdc++6": ["usr/lib/x86_64-linux-gnu/libstdc++.so.6*"],
        },
        programs = {
            "wasm-emscripten-finalize": "usr/bin/wasm-emscripten-finalize",
            "wasm-opt": "usr/bin/wasm-opt",
        },
    )
