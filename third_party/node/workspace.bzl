"""Node.js 18 of Debian 12, for tests of WebAssembly modules and for emcc."""

load("//third_party:programs.bzl", "debian_programs")

# Debian's libnode reads five of its own modules from this folder at startup.
# The launcher opens the repository's copy of it as file descriptor 9, and
# libnode is told to look there, so that it never reads the host's.
_MODULES = "/usr/share/nodejs/"
_OPENED = "/proc/self/fd/9///"

_LIB = "usr/lib/x86_64-linux-gnu/"

def node_repository():
    """Defines @node: the program `@node//:node`."""
    debian_programs(
        name = "node",
        build_file = Label("//third_party/node:node.BUILD.bazel"),
        # ES modules and required files keep the paths they are named by, where
        # Node would follow the sandbox's symbolic links out of the sandbox.
        flags = [
            "--preserve-symlinks",
            "--preserve-symlinks-main",
        ],
        lock = Label("//third_party/node:archives.lock"),
        packages = {
            "libbrotli1": [_LIB + "libbrotli*.so.1*"],
            "libc-ares2": [_LIB + "libcares.so.2*"],
            "libc6": [
                "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                "lib/x86_64-linux-gnu/libc.so.6",
                "lib/x86_64-linux-gnu/libm.so.6",
            ],
            "libgcc-s1": ["lib/x86_64-linux-gnu/libgcc_s.so.1"],
            "libicu72": [
                _LIB + "libicudata.so.72*",
                _LIB + "libicui18n.so.72*",
                _LIB + "libicuuc.so.72*",
            ],
            "libnghttp2-14": [_LIB + "libnghttp2.so.14*"],
            "libnode108": [_LIB + "libnode.so.108"],
            "libssl3": [
                _LIB + "libcrypto.so.3",
                _LIB + "libssl.so.3",
            ],
            "libstdc++6": [_LIB + "libstdc++.so.6*"],
            "libuv1": [_LIB + "libuv.so.1*"],
            "node-acorn": [
                "usr/share/nodejs/acorn-walk/dist/walk.js",
                "usr/share/nodejs/acorn/dist/acorn.js",
            ],
            "node-cjs-module-lexer": [
                "usr/share/nodejs/cjs-module-lexer/dist/lexer.js",
                "usr/share/nodejs/cjs-module-lexer/lexer.js",
            ],
            "node-undici": ["usr/share/nodejs/undici/undici-fetch.js"],
            "nodejs": ["usr/bin/node"],
            "zlib1g": ["lib/x86_64-linux-gnu/libz.so.1*"],
        },
        prelude = [
            "unset NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_ICU_DATA",
            "OPENSSL_CONF=/dev/null SSL_CERT_FILE=/dev/null",
            "SSL_CERT_DIR=/dev/null TZ=UTC0 LC_ALL=C",
            "export OPENSSL_CONF SSL_CERT_FILE SSL_CERT_DIR TZ LC_ALL",
            "exec 9< \"$root" + _MODULES + "\"",
        ],
        programs = {"node": "usr/bin/node"},
        same_length_replacements = {
            _LIB + "libnode.so.108": [
                _MODULES,
                _OPENED,
            ],
        },
    )
