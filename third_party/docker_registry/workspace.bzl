"""A registry server, which tests of distribution push to and pull from."""

load("//third_party:programs.bzl", "debian_programs")

def docker_registry_repository():
    """Defines @docker_registry: the program `@docker_registry//:docker_registry`."""
    debian_programs(
        name = "docker_registry",
        build_file = Label(
            "//third_party/docker_registry:docker_registry.BUILD.bazel",
        ),
        lock = Label("//third_party/docker_registry:archives.lock"),
        packages = {
            "docker-registry": ["usr/bin/docker-registry"],
            "libc6": [
                "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                "lib/x86_64-linux-gnu/libc.so.6",
            ],
        },
        programs = {"docker_registry": "usr/bin/docker-registry"},
    )
