"""slm_train: a model trained from scratch."""

load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("//packager:providers.bzl", "SlmModelInfo")
load(
    "//packager/private:pack.bzl",
    "PACK_ATTRS",
    "declare_records",
    "license_args",
    "package_args",
    "record_groups",
)
load("//packager/private:training.bzl", "TRAINING_ATTRS", "kept_args", "training_args")

_DOC = """One model, trained from scratch.

    slm_train(
        name = "parent",
        config = "parent.textproto",
        data = ["addition.train.jsonl", "dates.train.jsonl"],
        license_files = {"LICENSE": "CC0-1.0"},
        tokenizer = ":words",
        validation = ["addition.validation.jsonl"],
        version = "1.0.0",
    )

makes `parent.slm` and beside it `parent.slm.manifest.json`,
`parent.slm.receipt.json` with the loss curve, and `parent.slm.node.json`. The
bytes are the same on every machine, by any number of threads: every sum has one
order (docs/training.md).
"""

def _slm_train_impl(ctx):
    model = ctx.actions.declare_file(ctx.label.name + ".slm")
    records = declare_records(ctx, model.basename)
    args = ctx.actions.args()
    args.add("train")
    inputs = training_args(ctx, args)
    if ctx.file.tokenizer:
        args.add(ctx.file.tokenizer, format = "--tokenizer=%s")
        inputs.append(ctx.file.tokenizer)
    if ctx.attr.family:
        args.add("--family=" + ctx.attr.family)
    kept = kept_args(ctx, args)
    package_args(ctx, args, ctx.attr.model_name)
    licenses = license_args(ctx, args)
    args.add(model, format = "--out=%s")
    made = [model, records.manifest, records.receipt, records.node]
    ctx.actions.run(
        mnemonic = "SlmTrain",
        progress_message = "Training model %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = inputs + kept + licenses,
        outputs = made,
    )
    return [
        DefaultInfo(
            files = depset([model]),
            runfiles = ctx.runfiles(made),
        ),
        record_groups(records),
        SlmModelInfo(
            adapter_manifests = [],
            adapters = [],
            ancestor_nodes = depset(),
            ancestor_receipts = depset(),
            licenses = depset(licenses),
            manifest = records.manifest,
            model = model,
            node = records.node,
            parents = [],
            receipt = records.receipt,
            source_kind = "converted-trained",
            sources = depset(inputs + licenses),
        ),
    ]

slm_train = rule(
    implementation = _slm_train_impl,
    doc = _DOC,
    attrs = dicts.add(PACK_ATTRS, TRAINING_ATTRS, {
        "family": attr.string(
            doc = "What all models derived from this one belong to. Default: `model_name`.",
        ),
        "model_name": attr.string(
            doc = "Name in the manifest. Default: `name`.",
        ),
        "tokenizer": attr.label(
            doc = "A tokenizer section, as `slm_tokenizer_train` makes. Default: none, the model reads bytes.",
            allow_single_file = True,
        ),
    }),
    provides = [SlmModelInfo],
)
