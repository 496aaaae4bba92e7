"""slm_descendant: a model derived from others."""

load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("//packager:providers.bzl", "SlmAdapterInfo", "SlmModelInfo")
load(
    "//packager/private:pack.bzl",
    "PACK_ATTRS",
    "declare_records",
    "license_args",
    "package_args",
    "record_groups",
)

_DOC = """One descendant of a model, or of several.

    slm_descendant(
        name = "counting",
        adapters = [":digits"],
        operator = "adapter",
        parent = ":parent",
    )

With `adapter` the descendant is the parent's own file and the adapters, which
the runtime applies in order; nothing is copied, and `counting.manifest.json`,
`.receipt.json` and `.node.json` are made. `fuse` folds the adapters into a new
`counting.slm`; `quantize` stores the parent's matrices in another dtype.

    slm_descendant(
        name = "average",
        operator = "merge",
        parents = [":parent", ":counting_fused"],
        recipe = "average.textproto",
    )

`merge` joins models of one family by a recipe, which names them as their targets
are named (docs/formats/merge.md).

Each operator is a pure function of its inputs and settings, and the receipt lets
anyone repeat it (`pedigree receipt verify`).
"""

def _check_merge(ctx):
    """Refuses what merge cannot do."""
    if ctx.attr.parent or not ctx.attr.parents or not ctx.file.recipe:
        fail("slm_descendant %s: merge needs parents and a recipe, and no parent" % ctx.label)
    if ctx.attr.adapters or ctx.attr.dtype:
        fail("slm_descendant %s: merge takes no adapters and no dtype (the recipe has one)" %
             ctx.label)
    names = {}
    for target in ctx.attr.parents:
        if target[SlmModelInfo].adapters:
            fail("slm_descendant %s: merge needs parents without adapters, so fuse %s first" %
                 (ctx.label, target.label))
        if target.label.name in names:
            fail("slm_descendant %s: parents %s and %s have one name" %
                 (ctx.label, names[target.label.name], target.label))
        names[target.label.name] = target.label

def _check(ctx, parent, adapters):
    """Refuses what the operator cannot do."""
    operator = ctx.attr.operator
    if operator == "quantize":
        if ctx.attr.adapters:
            fail("slm_descendant %s: quantize takes no adapters (found %d)" %
                 (ctx.label, len(ctx.attr.adapters)))
        if not ctx.attr.dtype:
            fail("slm_descendant %s: quantize needs a dtype" % ctx.label)
        if parent.adapters:
            fail("slm_descendant %s: quantize needs a parent without adapters, so fuse %s first" %
                 (ctx.label, ctx.attr.parent.label))
        return
    if ctx.attr.dtype:
        fail("slm_descendant %s: %s takes no dtype (found %s)" %
             (ctx.label, operator, ctx.attr.dtype))
    if operator == "adapter" and not ctx.attr.adapters:
        fail("slm_descendant %s: adapter needs adapters" % ctx.label)
    if not adapters:
        fail("slm_descendant %s: fuse needs adapters, here or of %s" %
             (ctx.label, ctx.attr.parent.label))
    for target in ctx.attr.adapters:
        made_for = target[SlmAdapterInfo].parent.model
        if made_for != parent.model:
            fail("slm_descendant %s: adapter %s is for %s (expected %s)" %
                 (ctx.label, target.label, made_for.short_path, parent.model.short_path))

def _source_kind(parts):
    """The least that the evidence of parents and adapters may claim."""
    for part in parts:
        if part.source_kind == "deterministic-smoke":
            return part.source_kind
    return parts[0].source_kind

def _merge_command(ctx, args, parents):
    """Adds merge and its inputs; returns the input files."""
    args.add("merge")
    args.add(ctx.file.recipe)
    inputs = [ctx.file.recipe]
    for target, parent in zip(ctx.attr.parents, parents):
        args.add(parent.model, format = "--model=" + target.label.name + "=%s")
        inputs += [parent.model, parent.node]
    return inputs

def _command(ctx, args, parent, adapters, manifests):
    """Adds another operator and its inputs; returns the input files."""
    if ctx.attr.operator == "quantize":
        args.add("quantize")
        args.add("--dtype=" + ctx.attr.dtype)
        args.add("--q8-0-group=" + ctx.attr.q8_0_group)
        args.add_all(ctx.attr.tensor_storage, format_each = "--tensor=%s")
    elif ctx.attr.operator == "fuse":
        args.add("fuse")
    else:
        args.add_all(["adapter", "stack"])
    args.add(parent.model)
    args.add_all(adapters)
    args.add(parent.node, format = "--parent-node=%s")
    args.add_all(manifests, format_each = "--adapter-manifest=%s")
    return [parent.model, parent.node] + adapters + manifests

def _parents(ctx):
    """The models derived from, in order."""
    if ctx.attr.tensor_storage and ctx.attr.operator != "quantize":
        fail("slm_descendant %s: %s takes no tensor_storage (found %s)" %
             (ctx.label, ctx.attr.operator, ctx.attr.tensor_storage))
    if ctx.attr.operator == "merge":
        _check_merge(ctx)
        return [target[SlmModelInfo] for target in ctx.attr.parents]
    if not ctx.attr.parent or ctx.attr.parents or ctx.file.recipe:
        fail("slm_descendant %s: %s needs a parent, and no parents or recipe" %
             (ctx.label, ctx.attr.operator))
    return [ctx.attr.parent[SlmModelInfo]]

def _slm_descendant_impl(ctx):
    parents = _parents(ctx)
    merge = ctx.attr.operator == "merge"
    infos = [target[SlmAdapterInfo] for target in ctx.attr.adapters]
    all_manifests = []
    for parent in parents:
        for manifest in parent.adapter_manifests:
            if manifest not in all_manifests:
                all_manifests.append(manifest)
    all_manifests += [info.manifest for info in infos]
    args = ctx.actions.args()
    adapters = []
    if merge:
        inputs = _merge_command(ctx, args, parents)
    else:
        adapters = parents[0].adapters + [info.adapter for info in infos]
        _check(ctx, parents[0], adapters)
        manifests = all_manifests[-len(adapters):] if adapters else []
        inputs = _command(ctx, args, parents[0], adapters, manifests)
    unfused = ctx.attr.operator == "adapter"

    stem = ctx.label.name + ("" if unfused else ".slm")
    records = declare_records(ctx, stem)
    made = [records.manifest, records.receipt, records.node]
    model = parents[0].model
    if not unfused:
        model = ctx.actions.declare_file(stem)
        made.append(model)
    package_args(ctx, args, ctx.attr.model_name)
    licenses = license_args(ctx, args)
    args.add("--out=" + records.node.path[:-len(".node.json")])
    ctx.actions.run(
        mnemonic = "SlmDescendant",
        progress_message = "Deriving model %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = inputs + licenses,
        outputs = made,
    )
    files = [model] + (adapters if unfused else [])
    return [
        DefaultInfo(
            files = depset(files),
            runfiles = ctx.runfiles(files + made),
        ),
        record_groups(records),
        SlmModelInfo(
            adapter_manifests = all_manifests,
            adapters = adapters if unfused else [],
            ancestor_nodes = depset(
                [parent.node for parent in parents],
                transitive = [parent.ancestor_nodes for parent in parents],
            ),
            ancestor_receipts = depset(
                [info.receipt for info in infos + parents],
                transitive = [parent.ancestor_receipts for parent in parents],
            ),
            licenses = depset(
                licenses,
                transitive = [info.licenses for info in parents + infos],
            ),
            manifest = records.manifest,
            model = model,
            node = records.node,
            parents = parents,
            receipt = records.receipt,
            source_kind = _source_kind(parents + infos),
            sources = depset(
                licenses + ([ctx.file.recipe] if merge else []),
                transitive = [info.sources for info in parents + infos],
            ),
        ),
    ]

slm_descendant = rule(
    implementation = _slm_descendant_impl,
    doc = _DOC,
    attrs = dicts.add(PACK_ATTRS, {
        "adapters": attr.label_list(
            doc = "Adapters for `parent`, in the order they are applied, after those that an unfused parent has. For `adapter` and `fuse`.",
            providers = [SlmAdapterInfo],
        ),
        "dtype": attr.string(
            doc = "Storage of matrices: f32, q8_0 or q4_0. For `quantize`.",
            values = ["", "f32", "q8_0", "q4_0"],
        ),
        "model_name": attr.string(
            doc = "Name in the manifest. Default: `name`.",
        ),
        "operator": attr.string(
            doc = "How the descendant is made: `adapter` (unfused), `fuse`, `quantize` or `merge`.",
            mandatory = True,
            values = ["adapter", "fuse", "quantize", "merge"],
        ),
        "parent": attr.label(
            doc = "The model to derive from. For all but `merge`, which has `parents`.",
            providers = [SlmModelInfo],
        ),
        "parents": attr.label_list(
            doc = "The models to derive from, the base among them. For `merge`.",
            providers = [SlmModelInfo],
        ),
        "q8_0_group": attr.string(
            doc = "Columns a q8_0 scale covers: `row` or `32`. For `quantize`. Default: row.",
            default = "row",
            values = ["row", "32"],
        ),
        "recipe": attr.label(
            doc = "A MergeRecipe of packager/records.proto, which names `parents` by their targets' names. For `merge`.",
            allow_single_file = True,
        ),
        "tensor_storage": attr.string_list(
            doc = "Matrices in another storage, `PATTERN=DTYPE` each, such as `layers.0.*=q8_0`; the first match holds. For `quantize`.",
        ),
    }),
    provides = [SlmModelInfo],
)
