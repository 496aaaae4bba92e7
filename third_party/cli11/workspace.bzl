"""CLI11."""

load("//third_party:archives.bzl", "debian_archive")

def cli11_repository():
    debian_archive(
        name = "cli11",
        build_file = Label("//third_party/cli11:cli11.BUILD.bazel"),
        lock = Label("//third_party/cli11:archives.lock"),
        packages = {
            "libcli11-dev": [
                "usr/include/CLI",
                "usr/share/doc/libcli11-dev/copyright",
            ],
        },
    )
