"""The Protocol Buffers compiler of Debian 12: building it takes minutes."""

load("//third_party:programs.bzl", "debian_programs")

_LIB = "lib/x86_64-linux-gnu/"
_USR_LIB = "usr/lib/x86_64-linux-gnu/"

def protoc_repository():
    """Defines @protoc: the program `@protoc//:bin/protoc` and its `:files`."""
    debian_programs(
        name = "protoc",
        build_file = Label("//third_party/protoc:protoc.BUILD.bazel"),
        lock = Label("//third_party/protoc:archives.lock"),
        packages = {
            "libc6": [
                _LIB + "ld-linux-x86-64.so.2",
                _LIB + "libc.so.6",
                _LIB + "libm.so.6",
            ],
            "libgcc-s1": [_LIB + "libgcc_s.so.1"],
            "libprotobuf32": [_USR_LIB + "libprotobuf.so.32*"],
            "libprotoc32": [_USR_LIB + "libprotoc.so.32*"],
            "libstdc++6": [_USR_LIB + "libstdc++.so.6*"],
            "protobuf-compiler": ["usr/bin/protoc"],
            "zlib1g": [_LIB + "libz.so.1*"],
        },
        programs = {"protoc": "usr/bin/protoc"},
    )
