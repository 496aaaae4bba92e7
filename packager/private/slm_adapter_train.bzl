"""slm_adapter_train: low-rank factors trained beside a frozen model."""

load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("//packager:providers.bzl", "SlmAdapterInfo", "SlmModelInfo")
load(
    "//packager/private:pack.bzl",
    "PACK_ATTRS",
    "license_args",
    "package_args",
)
load("//packager/private:training.bzl", "TRAINING_ATTRS", "kept_args", "training_args")

_DOC = """One adapter (ALR1), trained on a frozen parent.

    slm_adapter_train(
        name = "rounding",
        config = "rounding.textproto",
        data = ["rounding.train.jsonl"],
        parent = ":parent",
    )

makes `rounding.adapter` with its manifest and receipt beside it, for
`slm_descendant`. The parent is in f32; the adapter fits its quantised siblings
too. The bytes are the same on every machine, by any number of threads
(docs/training.md).
"""

def _slm_adapter_train_impl(ctx):
    parent = ctx.attr.parent[SlmModelInfo]
    if parent.adapters:
        fail("slm_adapter_train %s: parent %s is an unfused descendant (expected a model of its own)" %
             (ctx.label, ctx.attr.parent.label))
    adapter = ctx.actions.declare_file(ctx.label.name + ".adapter")
    manifest = ctx.actions.declare_file(adapter.basename + ".manifest.json")
    receipt = ctx.actions.declare_file(adapter.basename + ".receipt.json")
    args = ctx.actions.args()
    args.add_all(["adapter", "train"])
    sources = training_args(ctx, args)
    args.add(parent.model, format = "--parent=%s")
    kept = kept_args(ctx, args)
    package_args(ctx, args, ctx.attr.adapter_name)
    licenses = license_args(ctx, args)
    args.add(adapter, format = "--out=%s")
    ctx.actions.run(
        mnemonic = "SlmAdapterTrain",
        progress_message = "Training adapter %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = sources + kept + [parent.model] + licenses,
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
            source_kind = "converted-trained",
            sources = depset(sources + licenses),
        ),
    ]

slm_adapter_train = rule(
    implementation = _slm_adapter_train_impl,
    doc = _DOC,
    attrs = dicts.add(PACK_ATTRS, TRAINING_ATTRS, {
        "adapter_name": attr.string(
            doc = "Name in the manifest. Default: `name`.",
        ),
        "parent": attr.label(
            doc = "The model to train beside, in f32.",
            mandatory = True,
            providers = [SlmModelInfo],
        ),
    }),
    provides = [SlmAdapterInfo],
)
