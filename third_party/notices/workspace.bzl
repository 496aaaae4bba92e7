"""Licence texts from the archives that toolchains are made of.

A repository of its own: toolchains keep only what actions read, and a text that
is added here fetches no compiler again.
"""

load("//third_party:archives.bzl", "read_lock", "unpack_debs")

# Folder to the lock and, by package, the files of it.
_TEXTS = {
    "clang": (
        Label("//third_party/clang:archives.lock"),
        {"libclang-rt-19-dev": ["usr/share/doc/libclang-rt-19-dev/copyright"]},
    ),
    "emscripten": (
        Label("//third_party/emscripten:archives.lock"),
        {"emscripten": [
            "usr/share/doc/emscripten/copyright",
            "usr/share/emscripten/system/lib/libc/musl/COPYRIGHT",
            "usr/share/emscripten/system/lib/libc/musl/VERSION",
            "usr/share/emscripten/system/lib/libcxx/include/__config",
        ]},
    ),
    "libcxx": (
        Label("//third_party/libcxx:archives.lock"),
        {"libc++-19-dev": ["usr/share/doc/libc++-19-dev/copyright"]},
    ),
    "sysroot": (
        Label("//third_party/sysroot:archives.lock"),
        {"libc6-dev": ["usr/share/doc/libc6-dev/copyright"]},
    ),
}

def _notices_repository_impl(ctx):
    for folder in sorted(_TEXTS):
        label, packages = _TEXTS[folder]
        unpack_debs(ctx, read_lock(ctx, label), packages, prefix = folder)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(ctx.attr._build_file, "BUILD.bazel")

_notices_repository = repository_rule(
    implementation = _notices_repository_impl,
    doc = "Licence texts; the archives' own digests vouch for them.",
    attrs = {
        "_build_file": attr.label(
            default = Label("//third_party/notices:notices.BUILD.bazel"),
        ),
        "_unpack_deb": attr.label(
            default = Label("//third_party:unpack_deb.sh"),
        ),
    },
)

def notices_repository():
    """Defines @pedigree_notices."""
    _notices_repository(name = "pedigree_notices")
