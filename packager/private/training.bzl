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
    "kept": attr.label_list(
        doc = "What the same target made earlier: the result and its `.receipt.json`. They are taken instead of training, and refused unless the receipt is of this config and these inputs. Default: train.",
        allow_files = True,
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

def kept_args(ctx, args):
    """Adds the kept result, if there is one, to a command line.

    Its files are no sources: they follow from the sources, and what is made is
    the same with and without them.

    Args:
      ctx: context of a rule with TRAINING_ATTRS.
      args: Args to add to.

    Returns:
      list of File: what the command reads of it.
    """
    if not ctx.files.kept:
        return []
    receipts = [file for file in ctx.files.kept if file.path.endswith(".receipt.json")]
    results = [file for file in ctx.files.kept if file not in receipts]
    if (len(results) != 1 or len(receipts) != 1 or
        receipts[0].path != results[0].path + ".receipt.json"):
        fail("%s: kept is %s (expected a result and its .receipt.json)" %
             (ctx.label, [file.short_path for file in ctx.files.kept]))
    args.add(results[0], format = "--kept=%s")
    return ctx.files.kept

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
