"""slm_adapter: an adapter from a spec, bound to its parent model."""

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
"""

def _slm_adapter_impl(ctx):
    parent = ctx.attr.parent[SlmModelInfo]
    if parent.adapters:
        fail("slm_adapter %s: parent %s is an unfused descendant (expected a model of its own)" %
             (ctx.label, ctx.attr.parent.label))

    adapter = ctx.actions.declare_file(ctx.label.name + ".adapter")
    manifest = ctx.actions.declare_file(adapter.basename + ".manifest.json")
    receipt = ctx.actions.declare_file(adapter.basename + ".receipt.json")
    args = ctx.actions.args()
    args.add_all(["adapter", "make"])
    args.add(ctx.file.spec)
    args.add(parent.model, format = "--parent=%s")
    package_args(ctx, args, ctx.attr.adapter_name)
    licenses = license_args(ctx, args)
    args.add(adapter, format = "--out=%s")
    ctx.actions.run(
        mnemonic = "SlmAdapter",
        progress_message = "Making adapter %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [ctx.file.spec, parent.model] + licenses,
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
            sources = depset([ctx.file.spec] + licenses),
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
        "spec": attr.label(
            doc = "The deltas or factors: an AdapterSpec of packager/records.proto in the text format.",
            allow_single_file = [".textproto"],
            mandatory = True,
        ),
    }),
    provides = [SlmAdapterInfo],
)
