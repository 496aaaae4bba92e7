"""How the evaluator's rules get their programs."""

load("//bazel:release.bzl", "release_transition")

def tool_attr(label):
    """A program that an action of a public rule runs.

    It is built under the release settings, so that what a rule makes does not
    depend on the command line.

    Args:
      label: Label of the program.

    Returns:
      An attribute; the rule also needs RELEASE_ATTRS.
    """
    return attr.label(
        default = label,
        cfg = release_transition,
        executable = True,
    )

# What Bazel asks of every rule with a transition.
RELEASE_ATTRS = {
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

def tool_runfiles(target):
    """The runfiles of a `tool_attr`, whose value is a list in older versions.

    Args:
      target: ctx.attr of the attribute.

    Returns:
      runfiles.
    """
    if type(target) == "list":
        target = target[0]
    return target[DefaultInfo].default_runfiles
