"""js-yaml of Debian 12, by which tests read YAML."""

load("//third_party:archives.bzl", "debian_archive")

def js_yaml_repository():
    """Defines @js_yaml: the module."""
    debian_archive(
        name = "js_yaml",
        build_file = Label("//third_party/js_yaml:js_yaml.BUILD.bazel"),
        lock = Label("//third_party/js_yaml:archives.lock"),
        packages = {
            "node-js-yaml": [
                "usr/share/nodejs/js-yaml/dist/js-yaml.mjs",
            ],
        },
    )
