"""The TypeScript compiler of Debian 12, which checks the types of JavaScript."""

load("//third_party:archives.bzl", "debian_archive")

_LIB = "usr/share/nodejs/typescript/lib/"

def typescript_repository():
    """Defines @typescript: the script `@typescript//:tsc` and its `:files`."""
    debian_archive(
        name = "typescript",
        build_file = Label("//third_party/typescript:typescript.BUILD.bazel"),
        lock = Label("//third_party/typescript:archives.lock"),
        packages = {
            "node-typescript": [
                _LIB + "lib.*.d.ts",
                _LIB + "tsc.js",
            ],
        },
    )
