"""Repositories and toolchains of this project, for its own WORKSPACE.bazel and
for workspaces that use it as @pedigree."""

load("//third_party:toolchain_pins.bzl", "toolchain_pins_repository")
load("//third_party/abseil:workspace.bzl", "abseil_repository")
load("//third_party/bazel_skylib:workspace.bzl", "bazel_skylib_repository")
load("//third_party/benchmark:workspace.bzl", "benchmark_repository")
load("//third_party/binaryen:workspace.bzl", "binaryen_repository")
load("//third_party/cli11:workspace.bzl", "cli11_repository")
load("//third_party/clang:workspace.bzl", "clang_repository")
load("//third_party/curl:workspace.bzl", "curl_repository")
load(
    "//third_party/docker_registry:workspace.bzl",
    "docker_registry_repository",
)
load("//third_party/emscripten:workspace.bzl", "emscripten_repository")
load(
    "//third_party/glibc_licenses:workspace.bzl",
    "glibc_licenses_repository",
)
load("//third_party/googletest:workspace.bzl", "googletest_repository")
load("//third_party/js_yaml:workspace.bzl", "js_yaml_repository")
load("//third_party/libcxx:workspace.bzl", "libcxx_repository")
load("//third_party/libssl:workspace.bzl", "libssl_repository")
load("//third_party/nlohmann_json:workspace.bzl", "nlohmann_json_repository")
load("//third_party/node:workspace.bzl", "node_repository")
load("//third_party/notices:workspace.bzl", "notices_repository")
load("//third_party/openssl:workspace.bzl", "openssl_repository")
load("//third_party/platforms:workspace.bzl", "platforms_repository")
load("//third_party/protobuf:workspace.bzl", "protobuf_repository")
load("//third_party/protoc:workspace.bzl", "protoc_repository")
load("//third_party/python:workspace.bzl", "python_repository")
load(
    "//third_party/remote_coverage_tools:workspace.bzl",
    "remote_coverage_tools_repository",
)
load("//third_party/qemu:workspace.bzl", "qemu_repository")
load("//third_party/rules_cc:workspace.bzl", "rules_cc_repository")
load("//third_party/rules_java:workspace.bzl", "rules_java_repository")
load("//third_party/rules_proto:workspace.bzl", "rules_proto_repository")
load("//third_party/rules_python:workspace.bzl", "rules_python_repository")
load("//third_party/sysroot:workspace.bzl", "sysroot_repository")
load(
    "//third_party/sysroot_aarch64:workspace.bzl",
    "sysroot_aarch64_repository",
)
load(
    "//third_party/sysroot_static:workspace.bzl",
    "sysroot_static_repository",
)
load("//third_party/typescript:workspace.bzl", "typescript_repository")
load("//third_party/utf8proc:workspace.bzl", "utf8proc_repository")
load("//third_party/xxhash:workspace.bzl", "xxhash_repository")
load("//third_party/zstd:workspace.bzl", "zstd_repository")

# Repositories of rules and constraints, before any that uses them.
_RULES = [
    ("bazel_skylib", bazel_skylib_repository),
    ("platforms", platforms_repository),
    ("remote_coverage_tools", remote_coverage_tools_repository),
    ("rules_cc", rules_cc_repository),
    ("rules_java", rules_java_repository),
    ("rules_proto", rules_proto_repository),
    ("rules_python", rules_python_repository),
]

_TOOLCHAINS = [
    ("docker_registry", docker_registry_repository),
    ("glibc_licenses", glibc_licenses_repository),
    ("js_yaml", js_yaml_repository),
    ("node", node_repository),
    ("pedigree_binaryen", binaryen_repository),
    ("pedigree_clang", clang_repository),
    ("pedigree_emscripten", emscripten_repository),
    ("pedigree_libcxx", libcxx_repository),
    ("pedigree_notices", notices_repository),
    ("pedigree_pins", toolchain_pins_repository),
    ("pedigree_python", python_repository),
    ("pedigree_sysroot", sysroot_repository),
    ("pedigree_sysroot_aarch64", sysroot_aarch64_repository),
    ("pedigree_sysroot_static", sysroot_static_repository),
    ("protoc", protoc_repository),
    ("qemu", qemu_repository),
    ("typescript", typescript_repository),
]

_LIBRARIES = [
    ("cli11", cli11_repository),
    ("com_google_absl", abseil_repository),
    ("com_google_benchmark", benchmark_repository),
    ("com_google_googletest", googletest_repository),
    ("com_google_protobuf", protobuf_repository),
    ("curl", curl_repository),
    ("libssl", libssl_repository),
    ("nlohmann_json", nlohmann_json_repository),
    ("openssl", openssl_repository),
    ("utf8proc", utf8proc_repository),
    ("xxhash", xxhash_repository),
    ("zstd", zstd_repository),
]

def declare_toolchains():
    """Declares the repositories of the toolchains."""
    for _, declare in _TOOLCHAINS:
        declare()

def declare_libraries():
    """Declares the repositories of the libraries."""
    for _, declare in _LIBRARIES:
        declare()

def pedigree_dependencies():
    """Declares every repository that is not declared yet."""
    for name, declare in _RULES + _TOOLCHAINS + _LIBRARIES:
        if name not in native.existing_rules():
            declare()

def pedigree_register_toolchains():
    """Registers the toolchains; call it after `pedigree_dependencies`."""
    native.register_toolchains(
        "@pedigree_clang//:toolchain",
        "@pedigree_clang//:toolchain_aarch64",
        "@pedigree//third_party/emscripten:toolchain",
    )
