"""What the packager's rules share: the tool, licences, names."""

load("//bazel:release.bzl", "released_tool")

# Attributes of every rule that runs slm_pack.
PACK_ATTRS = {
    "license_files": attr.label_keyed_string_dict(
        doc = "Licence texts, one file each, to SPDX identifiers, e.g. " +
              "`{\"LICENSE\": \"MIT\"}`. Default: none.",
        allow_files = True,
    ),
    "restrictions": attr.string_list(
        doc = "What the data asks for, `SCALE=LEVEL` each, e.g. " +
              "`[\"personal_data=personal\"]`; descendants inherit the strictest. Default: none.",
    ),
    "version": attr.string(
        doc = "Version in the manifest. Default: 0.0.0.",
        default = "0.0.0",
    ),
    "_tool": released_tool(Label("//packager:slm_pack_released")),
}

def license_args(ctx, args):
    """Adds `license_files` to a command line.

    Args:
      ctx: context of a rule with PACK_ATTRS.
      args: Args to add to.

    Returns:
      list of File: the licence texts.
    """
    files = []
    for target, spdx in ctx.attr.license_files.items():
        found = target[DefaultInfo].files.to_list()
        if len(found) != 1:
            fail("%s: license_files %s has %d files (expected one)" %
                 (ctx.label, target.label, len(found)))
        args.add(found[0], format = "--license=" + spdx + "=%s")
        files.append(found[0])
    return files

def package_args(ctx, args, name):
    """Adds name, version and restrictions to a command line.

    Args:
      ctx: context of a rule with PACK_ATTRS.
      args: Args to add to.
      name: name in the manifest; the target's when empty.
    """
    args.add("--name=" + (name or ctx.label.name))
    args.add("--version=" + ctx.attr.version)
    args.add_all(ctx.attr.restrictions, format_each = "--restriction=%s")

def declare_records(ctx, stem):
    """Declares the records beside an artifact.

    Args:
      ctx: rule context.
      stem: file name of the artifact, or what stands for it.

    Returns:
      struct of File: manifest, receipt, node.
    """
    return struct(
        manifest = ctx.actions.declare_file(stem + ".manifest.json"),
        node = ctx.actions.declare_file(stem + ".node.json"),
        receipt = ctx.actions.declare_file(stem + ".receipt.json"),
    )

def record_groups(records):
    """Output groups for what declare_records returned.

    Args:
      records: the struct.

    Returns:
      OutputGroupInfo.
    """
    return OutputGroupInfo(
        manifest = depset([records.manifest]),
        node = depset([records.node]),
        receipt = depset([records.receipt]),
    )
