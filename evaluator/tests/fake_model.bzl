"""Models that exist for analysis only."""

load("//packager:providers.bzl", "SlmModelInfo")

def _declare(ctx, extension):
    file = ctx.actions.declare_file(ctx.label.name + extension)
    ctx.actions.write(file, "")
    return file

def _fake_model_impl(ctx):
    parents = [parent[SlmModelInfo] for parent in ctx.attr.parents]
    adapters = [
        _declare(ctx, ".%d.adapter" % index)
        for index in range(ctx.attr.adapter_count)
    ]
    return [SlmModelInfo(
        adapter_manifests = [],
        adapters = adapters,
        ancestor_nodes = depset(),
        ancestor_receipts = depset(),
        licenses = depset(),
        manifest = _declare(ctx, ".manifest.json"),
        model = _declare(ctx, ".slm"),
        node = _declare(ctx, ".node.json"),
        parents = parents,
        receipt = _declare(ctx, ".receipt.json"),
        source_kind = "deterministic-smoke",
        sources = depset(),
    )]

fake_model = rule(
    implementation = _fake_model_impl,
    doc = "Declares a model's files, all empty.",
    attrs = {
        "adapter_count": attr.int(doc = "Adapters to apply. Default: 0."),
        "parents": attr.label_list(
            doc = "Direct parents.",
            providers = [SlmModelInfo],
        ),
    },
)

def action_of(actions, mnemonic):
    """The only action with `mnemonic`.

    Args:
      actions: list of Action.
      mnemonic: string.

    Returns:
      Action.
    """
    found = [action for action in actions if action.mnemonic == mnemonic]
    if len(found) != 1:
        fail("%d actions %s (expected one)" % (len(found), mnemonic))
    return found[0]

def flag_values(action, flag):
    """The values of `--flag=value` in an action's command line, in order.

    Args:
      action: Action.
      flag: string, such as "--adapter".

    Returns:
      list of string: base names where values are paths.
    """
    return [
        arg[len(flag) + 1:].split("/")[-1]
        for arg in action.argv
        if arg.startswith(flag + "=")
    ]
