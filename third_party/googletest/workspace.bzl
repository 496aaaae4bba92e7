"""GoogleTest, compiled as its two amalgamated sources."""

load("//third_party:archives.bzl", "source_archive")

def googletest_repository():
    source_archive(
        name = "com_google_googletest",
        build_file = Label("//third_party/googletest:googletest.BUILD.bazel"),
        keep = [
            "LICENSE",
            "googlemock/include",
            "googlemock/src",
            "googletest/include",
            "googletest/src",
        ],
        lock = Label("//third_party/googletest:archives.lock"),
    )
