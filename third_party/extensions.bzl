"""The repositories of repositories.bzl for MODULE.bazel.

Not those that are modules themselves: platforms, rules_* (third_party/registry).
"""

load(
    "//third_party:repositories.bzl",
    "declare_libraries",
    "declare_toolchains",
)
load("//third_party/bazel_skylib:workspace.bzl", "bazel_skylib_repository")
load(
    "//third_party/remote_coverage_tools:workspace.bzl",
    "remote_coverage_tools_repository",
)

def _pinned_impl(_ctx):
    bazel_skylib_repository()
    remote_coverage_tools_repository()
    declare_toolchains()
    declare_libraries()

pinned = module_extension(
    implementation = _pinned_impl,
    doc = "Declares the pinned toolchains and libraries.",
)
