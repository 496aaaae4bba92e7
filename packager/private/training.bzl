"""What the rules that train share: config, texts, threads."""

TRAINING_ATTRS = {
    "config": attr.label(
        doc = "A TrainingConfig of packager/records.proto in the text format (docs/training.md).",
        mandatory = True,
        allow_single_file = [".textproto"],
    ),
    "data": attr.label_list(
        doc = "Texts to learn: JSON Lines, in this order.",
        mandatory = True,
        allow_files = [".jsonl"],
        allow_empty = False,
    ),
    "target": attr.string(
        doc = "Kernels, as of `pedigree generate --target`; no result depends on it. Default: the machine's best.",
    ),
    "threads": attr.int(
        doc = "Threads; no result depends on it. Default: 1, the core that the action is given.",
        default = 1,
    ),
    "validation": attr.label_list(
        doc = "Texts whose loss the receipt's curve shows: JSON Lines. Default: none.",
        allow_files = [".jsonl"],
    ),
}

def training_args(ctx, args):
    """Adds config, texts and threads to a command line.

    Args:
      ctx: context of a rule with TRAINING_ATTRS.
      args: Args to add to.

    Returns:
      list of File: what the command reads of them.
    """
    if ctx.attr.threads < 1:
        fail("%s: threads is %d (expected 1 or more)" % (ctx.label, ctx.attr.threads))
    args.add(ctx.file.config)
    args.add_all(ctx.files.data, format_each = "--data=%s")
    args.add_all(ctx.files.validation, format_each = "--validation=%s")
    args.add("--threads=%d" % ctx.attr.threads)
    if ctx.attr.target:
        args.add("--target=" + ctx.attr.target)
    return [ctx.file.config] + ctx.files.data + ctx.files.validation
