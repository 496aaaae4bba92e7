"""Google Benchmark, for programs that measure; nothing of it ships."""

load("//third_party:archives.bzl", "source_archive")

def benchmark_repository():
    source_archive(
        name = "com_google_benchmark",
        build_file = Label("//third_party/benchmark:benchmark.BUILD.bazel"),
        keep = [
            "LICENSE",
            "include",
            "src",
        ],
        lock = Label("//third_party/benchmark:archives.lock"),
    )
