"""The repositories of repositories.bzl for MODULE.bazel.

Not those that are modules themselves: bazel_skylib, platforms, rules_*.
"""

load(
    "//third_party:repositories.bzl",
    "declare_libraries",
    "declare_toolchains",
)

def _pinned_impl(_ctx):
    declare_toolchains()
    declare_libraries()

pinned = module_extension(
    implementation = _pinned_impl,
    doc = "Declares the pinned toolchains and libraries.",
)
