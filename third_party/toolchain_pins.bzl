"""What a release was built by and from, as data for its record."""

load("//third_party:archives.bzl", "read_lock")

# Name in the record to lock: compilers, what they run on, and the libraries
# that shipped files are linked with. Not what only tests use.
_PINS = {
    "abseil": Label("//third_party/abseil:archives.lock"),
    "binaryen": Label("//third_party/binaryen:archives.lock"),
    "clang": Label("//third_party/clang:archives.lock"),
    "cli11": Label("//third_party/cli11:archives.lock"),
    "emscripten": Label("//third_party/emscripten:archives.lock"),
    "libc++": Label("//third_party/libcxx:archives.lock"),
    "nlohmann_json": Label("//third_party/nlohmann_json:archives.lock"),
    "node": Label("//third_party/node:archives.lock"),
    "openssl": Label("//third_party/openssl:archives.lock"),
    "protobuf": Label("//third_party/protobuf:archives.lock"),
    "protoc": Label("//third_party/protoc:archives.lock"),
    "python": Label("//third_party/python:archives.lock"),
    "sysroot": Label("//third_party/sysroot:archives.lock"),
    "xxhash": Label("//third_party/xxhash:archives.lock"),
    "zstd": Label("//third_party/zstd:archives.lock"),
}

# What the whole command holds besides, linked statically.
_COMMAND_PINS = {
    "curl": Label("//third_party/curl:archives.lock"),
    "libssl": Label("//third_party/libssl:archives.lock"),
    "sysroot_static": Label("//third_party/sysroot_static:archives.lock"),
}

def _write_pins(ctx, file, pins):
    entries = []
    for name in sorted(pins):
        lock = read_lock(ctx, pins[name])
        if not lock.version or not lock.tree:
            fail("%s: no version or no tree" % lock.label)
        entries.append(
            "{\"name\":\"%s\",\"tree_digest\":\"%s\",\"version\":\"%s\"}" %
            (name, lock.tree, lock.version),
        )
    ctx.file(file, "[%s]" % ",".join(entries), False)

def _toolchain_pins_impl(ctx):
    _write_pins(ctx, "toolchain_pins.json", _PINS)
    _write_pins(ctx, "command_pins.json", dict(_PINS, **_COMMAND_PINS))
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.file("BUILD.bazel", """exports_files([
    "command_pins.json",
    "toolchain_pins.json",
])
""")

_toolchain_pins = repository_rule(
    implementation = _toolchain_pins_impl,
    doc = """Writes `toolchain_pins.json` and `command_pins.json`, canonical JSON (RFC 8785):

    [{"name":"abseil","tree_digest":"sha256:<hex>","version":"20240722.0"},...]

It says what the locks say, so it is the same on every machine; that a tree is
what its lock says is checked whenever it is fetched.""",
)

def toolchain_pins_repository():
    _toolchain_pins(name = "pedigree_pins")
