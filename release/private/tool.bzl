"""How the release rules get their program."""

load("//bazel:release.bzl", "release_transition")

# The program that the rules' actions and tests run, built under the release
# settings, so that what a rule makes does not depend on the command line; and
# what Bazel asks of every rule with a transition.
TOOL_ATTRS = {
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
    "_tool": attr.label(
        default = Label("//release:slm_packet"),
        cfg = release_transition,
        executable = True,
    ),
}

def tool_runfiles(ctx):
    """The runfiles of the program.

    Args:
      ctx: context of a rule with TOOL_ATTRS.

    Returns:
      runfiles.
    """
    tool = ctx.attr._tool

    # A list in older versions, since a transition could split.
    if type(tool) == "list":
        tool = tool[0]
    return ctx.runfiles([ctx.executable._tool]).merge(
        tool[DefaultInfo].default_runfiles,
    )
