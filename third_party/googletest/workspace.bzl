"""GoogleTest, with its own BUILD file."""

load("//third_party:archives.bzl", "source_archive")

def googletest_repository():
    source_archive(
        name = "com_google_googletest",
        keep = [
            "BUILD.bazel",
            "LICENSE",
            "googlemock",
            "googletest",
        ],
        lock = Label("//third_party/googletest:archives.lock"),
    )
