"""QEMU 7.2 for tests that run on processors that the machine lacks."""

load("//third_party:archives.bzl", "debian_archive")

def qemu_repository():
    debian_archive(
        name = "qemu",
        build_file = Label("//third_party/qemu:qemu.BUILD.bazel"),
        lock = Label("//third_party/qemu:archives.lock"),
        packages = {
            "qemu-user-static": [
                "usr/bin/qemu-aarch64-static",
                "usr/bin/qemu-x86_64-static",
            ],
        },
    )
