"""slm_adapter: an adapter from a spec or a PEFT folder, bound to its parent."""

load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("//packager:providers.bzl", "SlmAdapterInfo", "SlmModelInfo")
load(
    "//packager/private:pack.bzl",
    "PACK_ATTRS",
    "license_args",
    "package_args",
)

_DOC = """One adapter, which fits only the parent it was made for.

    slm_adapter(
        name = "digits",
        parent = ":parent",
        spec = "digits_adapter.textproto",
    )

makes `digits.adapter` with its manifest and receipt beside it. The spec names the
family: dense deltas (ADP1), sparse deltas (ASP1) or low-rank factors (ALR1). The
adapter holds the parent's SHA-256 and shape, so it is refused by any other model.
Its bytes depend on the spec and the parent only.

An adapter that was trained elsewhere comes from its PEFT files instead:

    slm_adapter(
        name = "tuned",
        parent = ":stories",
        peft = ["lora/adapter_config.json", "lora/adapter_model.safetensors"],
    )

where the parent is the import of the checkpoint that it was trained on.
"""

_PEFT_FILES = ["adapter_config.json", "adapter_model.safetensors"]

def _source_args(ctx, args, parent):
    """Adds what the adapter is made from to a command line.

    Args:
      ctx: rule context.
      args: Args to add to.
      parent: SlmModelInfo.

    Returns:
      list of File: the sources, and list of File: what else the command reads.
    """
    if ctx.file.spec:
        if ctx.files.peft:
            fail("slm_adapter %s: both spec and peft (expected one)" % ctx.label)
        if ctx.attr.with_import_receipt:
            fail("slm_adapter %s: with_import_receipt without peft" % ctx.label)
        args.add_all(["adapter", "make"])
        args.add(ctx.file.spec)
        return [ctx.file.spec], []
    found = sorted([file.basename for file in ctx.files.peft])
    if found != _PEFT_FILES:
        fail("slm_adapter %s: peft is %s (expected %s, or a spec)" %
             (ctx.label, found, _PEFT_FILES))
    args.add_all(["adapter", "import", "--format=peft"])
    args.add_all(ctx.files.peft)
    if not ctx.attr.with_import_receipt:
        return ctx.files.peft, []
    args.add(parent.receipt, format = "--import-receipt=%s")
    return ctx.files.peft, [parent.receipt]

def _slm_adapter_impl(ctx):
    parent = ctx.attr.parent[SlmModelInfo]
    if parent.adapters:
        fail("slm_adapter %s: parent %s is an unfused descendant (expected a model of its own)" %
             (ctx.label, ctx.attr.parent.label))

    adapter = ctx.actions.declare_file(ctx.label.name + ".adapter")
    manifest = ctx.actions.declare_file(adapter.basename + ".manifest.json")
    receipt = ctx.actions.declare_file(adapter.basename + ".receipt.json")
    args = ctx.actions.args()
    sources, others = _source_args(ctx, args, parent)
    args.add(parent.model, format = "--parent=%s")
    package_args(ctx, args, ctx.attr.adapter_name)
    licenses = license_args(ctx, args)
    args.add(adapter, format = "--out=%s")
    ctx.actions.run(
        mnemonic = "SlmAdapter",
        progress_message = "Making adapter %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = sources + others + [parent.model] + licenses,
        outputs = [adapter, manifest, receipt],
    )
    return [
        DefaultInfo(
            files = depset([adapter]),
            runfiles = ctx.runfiles([adapter, manifest, receipt]),
        ),
        OutputGroupInfo(
            manifest = depset([manifest]),
            receipt = depset([receipt]),
        ),
        SlmAdapterInfo(
            adapter = adapter,
            licenses = depset(licenses),
            manifest = manifest,
            parent = parent,
            receipt = receipt,
            # Deltas are written by hand.
            source_kind = "deterministic-smoke",
            sources = depset(sources + licenses),
        ),
    ]

slm_adapter = rule(
    implementation = _slm_adapter_impl,
    doc = _DOC,
    attrs = dicts.add(PACK_ATTRS, {
        "adapter_name": attr.string(
            doc = "Name in the manifest. Default: `name`.",
        ),
        "parent": attr.label(
            doc = "The model to change.",
            mandatory = True,
            providers = [SlmModelInfo],
        ),
        "peft": attr.label_list(
            doc = "`adapter_config.json` and `adapter_model.safetensors` of a PEFT LoRA adapter.",
            allow_files = [".json", ".safetensors"],
        ),
        "spec": attr.label(
            doc = "The deltas or factors: an AdapterSpec of packager/records.proto in the text format.",
            allow_single_file = [".textproto"],
        ),
        "with_import_receipt": attr.bool(
            doc = "With `peft`: tell it how the parent's import numbered tokens, which an adapter that changes embeddings or output needs. Default: False.",
        ),
    }),
    provides = [SlmAdapterInfo],
)
