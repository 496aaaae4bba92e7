"""The repositories that Bazel 7's own module asks of rules_java: none has a file.

No Java is built here, so nothing of them is ever looked at.
"""

def _empty_impl(ctx):
    ctx.file("BUILD.bazel", "")

_empty_repository = repository_rule(
    implementation = _empty_impl,
    doc = "A repository without targets.",
)

def _toolchains_impl(_ctx):
    for name in [
        "local_jdk",
        "remote_java_tools",
        "remote_java_tools_darwin_arm64",
        "remote_java_tools_darwin_x86_64",
        "remote_java_tools_linux",
        "remote_java_tools_windows",
    ]:
        _empty_repository(name = name)

toolchains = module_extension(
    implementation = _toolchains_impl,
    doc = "Java toolchains, of which there are none.",
)
