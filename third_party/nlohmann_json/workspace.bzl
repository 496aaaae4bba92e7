"""JSON for Modern C++, headers only."""

load("//third_party:archives.bzl", "debian_archive")

def nlohmann_json_repository():
    debian_archive(
        name = "nlohmann_json",
        build_file = Label("//third_party/nlohmann_json:nlohmann_json.BUILD.bazel"),
        lock = Label("//third_party/nlohmann_json:archives.lock"),
        packages = {
            "nlohmann-json3-dev": [
                "usr/include/nlohmann",
                "usr/share/doc/nlohmann-json3-dev/copyright",
            ],
        },
    )
