"""slm_model: a model from a checkpoint or a mock spec."""

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

_DOC = """One model: a `.slm` file, its manifest, receipt and derivation node.

    slm_model(
        name = "stories",
        src = "stories260K.bin",
        format = "llama2c",
        license_files = {"LICENSE.stories": "MIT"},
        tokenizer = "tok512.bin",
        version = "1.0.0",
    )

makes `stories.slm` and beside it `stories.slm.manifest.json`,
`stories.slm.receipt.json` and `stories.slm.node.json`. A Hugging Face directory is
given as its files, or as one target that is a directory:

    slm_model(
        name = "smollm",
        srcs = glob(["smollm/*"]),
        format = "hf",
    )

What can't be expressed exactly is refused by name (docs/formats/import.md). The bytes are the same on
every machine: the writer is canonical, quantisers and mock weights are defined
to the bit, and records hold no time, path or user.
"""

_SOURCE_KINDS = {
    "gguf": "converted-trained",
    "hf": "converted-trained",
    "llama2c": "converted-trained",
    "mock": "deterministic-smoke",
}

def _slm_model_impl(ctx):
    if ctx.attr.format == "llama2c" and not ctx.file.tokenizer:
        fail("slm_model %s: format llama2c needs a tokenizer" % ctx.label)
    if ctx.attr.format == "mock" and ctx.file.tokenizer:
        fail("slm_model %s: a mock spec names its own tokenizer (found %s)" %
             (ctx.label, ctx.file.tokenizer.short_path))
    if bool(ctx.file.src) == bool(ctx.files.srcs):
        fail("slm_model %s: needs src or srcs, one of them" % ctx.label)
    if ctx.attr.format != "hf" and len(ctx.files.srcs) > 1:
        fail("slm_model %s: format %s has one file (found %d)" %
             (ctx.label, ctx.attr.format, len(ctx.files.srcs)))

    model = ctx.actions.declare_file(ctx.label.name + ".slm")
    records = declare_records(ctx, model.basename)
    args = ctx.actions.args()
    args.add("import")
    args.add("--format=" + ctx.attr.format)
    inputs = [ctx.file.src] if ctx.file.src else list(ctx.files.srcs)

    # The paths of a directory's files would be listed otherwise.
    args.add_all(inputs, expand_directories = False)
    if ctx.file.tokenizer:
        args.add(ctx.file.tokenizer, format = "--tokenizer=%s")
        inputs.append(ctx.file.tokenizer)
    args.add("--dtype=" + ctx.attr.dtype)
    args.add("--q8-0-group=" + ctx.attr.q8_0_group)
    args.add_all(ctx.attr.tensor_storage, format_each = "--tensor=%s")
    if ctx.attr.family:
        args.add("--family=" + ctx.attr.family)
    package_args(ctx, args, ctx.attr.model_name)
    licenses = license_args(ctx, args)
    args.add(model, format = "--out=%s")
    ctx.actions.run(
        mnemonic = "SlmModel",
        progress_message = "Importing model %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = inputs + licenses,
        outputs = [model, records.manifest, records.receipt, records.node],
    )
    return [
        DefaultInfo(
            files = depset([model]),
            runfiles = ctx.runfiles([
                model,
                records.manifest,
                records.receipt,
                records.node,
            ]),
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
            source_kind = _SOURCE_KINDS[ctx.attr.format],
            sources = depset(inputs + licenses),
        ),
    ]

slm_model = rule(
    implementation = _slm_model_impl,
    doc = _DOC,
    attrs = dicts.add(PACK_ATTRS, {
        "dtype": attr.string(
            doc = "Storage of matrices: f32, q8_0, q4_0, or source (quantised as the checkpoint is, else f32). Default: f32.",
            default = "f32",
            values = ["f32", "q8_0", "q4_0", "source"],
        ),
        "family": attr.string(
            doc = "What all models derived from this one belong to. Default: `model_name`.",
        ),
        "format": attr.string(
            doc = "What the source is: `hf`, the files of a Hugging Face directory; `gguf`; `llama2c`, a llama2.c checkpoint; or `mock`, a ModelSpec of packager/records.proto.",
            mandatory = True,
            values = ["gguf", "hf", "llama2c", "mock"],
        ),
        "model_name": attr.string(
            doc = "Name in the manifest. Default: `name`.",
        ),
        "q8_0_group": attr.string(
            doc = "Columns a q8_0 scale covers: `row` or `32`. Default: row.",
            default = "row",
            values = ["row", "32"],
        ),
        "src": attr.label(
            doc = "The checkpoint or spec; for `hf`, a directory.",
            allow_single_file = True,
        ),
        "srcs": attr.label_list(
            doc = "Instead of `src`, for `hf`: the directory's files. Those that an import does not read are left out.",
            allow_files = True,
        ),
        "tensor_storage": attr.string_list(
            doc = "Matrices in another storage, `PATTERN=DTYPE` each, such as `layers.0.*=q8_0`; the first match holds. Not with dtype `source`.",
        ),
        "tokenizer": attr.label(
            doc = "Tokenizer file: needed for llama2c; for hf and gguf instead of their own.",
            allow_single_file = True,
        ),
    }),
    provides = [SlmModelInfo],
)
