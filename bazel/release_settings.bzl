"""The settings that everything in a packet is built under.

Whatever the command line, a user's .bazelrc or the environment say, the same
object files come out: every option that reaches a compile or link action has
one fixed value here.
"""

_OPTIONS = {
    "action_env": [],
    "build_runfile_links": True,
    "collect_code_coverage": False,
    "compilation_mode": "opt",
    "conlyopt": [],
    "copt": [],
    # Names the output folder only: platforms choose the toolchain.
    "cpu": "k8",
    "cxxopt": [],
    "dynamic_mode": "default",
    "extra_toolchains": [],
    "features": [],
    "fission": [],
    "force_pic": False,
    "legacy_whole_archive": True,
    "linkopt": [],
    "ltobackendopt": [],
    "ltoindexopt": [],
    "per_file_copt": [],
    "per_file_ltobackendopt": [],
    "process_headers_in_dependencies": False,
    "save_temps": False,
    "stamp": False,
    "start_end_lib": True,
    "strip": "sometimes",
    "stripopt": [],
}

# Name of a target in //bazel/platforms to its label, whole, since a transition
# in another workspace has to name it too.
_PLATFORMS = {
    "linux_aarch64": str(Label("//bazel/platforms:linux_aarch64")),
    "linux_x86_64": str(Label("//bazel/platforms:linux_x86_64")),
    "wasm32": str(Label("//bazel/platforms:wasm32")),
}

_PREFIX = "//command_line_option:"

# `outputs` of a transition to these settings.
RELEASE_OUTPUTS = [_PREFIX + name for name in sorted(_OPTIONS)] + [
    _PREFIX + "platforms",
]

def release_settings(platform):
    """What a transition to the release settings returns.

    Args:
      platform: name of the platform in //bazel/platforms.

    Returns:
      dict from each of RELEASE_OUTPUTS to its value.
    """
    settings = {}
    for name, value in _OPTIONS.items():
        settings[_PREFIX + name] = value
    settings[_PREFIX + "platforms"] = [_PLATFORMS[platform]]
    return settings

def only_target(attribute):
    """The target of an attribute whose transition does not split.

    Args:
      attribute: of `ctx.attr`. Older versions of Bazel make a list of it, since a
        transition could split.

    Returns:
      The target.
    """
    return attribute[0] if type(attribute) == "list" else attribute
