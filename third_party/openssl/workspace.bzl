"""OpenSSL: Debian's static library for x86-64, source of SHA-256 elsewhere."""

load(
    "//third_party:archives.bzl",
    "ARCHIVE_ATTRS",
    "check_tree",
    "read_lock",
    "unpack_debs",
    "unpack_source",
)

def _openssl_repository_impl(ctx):
    lock = read_lock(ctx)
    unpack_source(
        ctx,
        lock,
        file = "openssl",
        keep = [
            "LICENSE.txt",
            "crypto/mem_clr.c",
            "crypto/sha/sha256.c",
            "include/crypto/md32_common.h",
            "include/internal/deprecated.h",
            "include/internal/endian.h",
        ],
    )
    unpack_debs(ctx, lock, {
        "libssl-dev": [
            "usr/include/openssl",
            "usr/include/x86_64-linux-gnu/openssl",
            "usr/lib/x86_64-linux-gnu/libcrypto.a",
        ],
    })
    check_tree(ctx, lock)

    # Internal headers go where `#include "internal/..."` finds them from the
    # repository's root, with no search path that users would inherit.
    done = ctx.execute(["sh", "-euc", "mv include/crypto/* crypto; mv include/internal ."])
    if done.return_code:
        fail("%s: %s" % (lock.label, done.stderr.strip()))
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(ctx.attr._build_file, "BUILD.bazel")

_openssl_repository = repository_rule(
    implementation = _openssl_repository_impl,
    doc = "libcrypto and its headers, and the source of SHA-256.",
    attrs = dict(
        ARCHIVE_ATTRS,
        _build_file = attr.label(
            default = Label("//third_party/openssl:openssl.BUILD.bazel"),
        ),
    ),
)

def openssl_repository():
    _openssl_repository(
        name = "openssl",
        lock = Label("//third_party/openssl:archives.lock"),
    )
