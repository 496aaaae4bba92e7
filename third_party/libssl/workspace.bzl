"""OpenSSL's libssl: TLS, apart from @openssl because only the whole command has it.

Release records carry @openssl's pin; what only talks to a network must not change
those of runtimes that do not.
"""

load("//third_party:part_of_archive.bzl", "part_of_archive")

def libssl_repository():
    part_of_archive(
        name = "libssl",
        archives = Label("//third_party/openssl:archives.lock"),
        build_file = Label("//third_party/libssl:libssl.BUILD.bazel"),
        lock = Label("//third_party/libssl:archives.lock"),
        packages = {
            "libssl-dev": ["usr/lib/x86_64-linux-gnu/libssl.a"],
        },
    )
