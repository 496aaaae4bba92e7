"""Protocol Buffers: the C++ library. The compiler is in //third_party/protoc."""

load("//third_party:archives.bzl", "source_archive")

def protobuf_repository():
    source_archive(
        name = "com_google_protobuf",
        build_file = Label("//third_party/protobuf:protobuf.BUILD.bazel"),
        keep = [
            "LICENSE",
            "src/google/protobuf",
        ],
        lock = Label("//third_party/protobuf:archives.lock"),
    )
