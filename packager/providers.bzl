"""What packager rules hand to evaluator and release rules."""

SlmAdapterInfo = provider(
    doc = "One adapter, bound to its parent. Returned by `slm_adapter` and `slm_adapter_train`; consumed by `slm_descendant`.",
    fields = {
        "adapter": "File: the adapter.",
        "manifest": "File: canonical JSON manifest (parent digest, family, tensors, licence).",
        "parent": "SlmModelInfo: the model the adapter was made for.",
        "receipt": "File: canonical JSON receipt of the operator that made it.",
        "licenses": "depset of File: licence texts that cover the adapter.",
        "source_kind": "string: as of `SlmModelInfo`, of the adapter alone.",
        "sources": "depset of File: source files that feed the adapter, its parent's not included.",
    },
)

SlmModelInfo = provider(
    doc = "One model or unfused descendant. Returned by `slm_model`, `slm_train` and `slm_descendant`; consumed by evaluator and release rules.",
    fields = {
        "model": "File: the `.slm` file; of an unfused descendant, its base's.",
        "adapters": "list of File: adapters to apply to `model`, in order; empty unless unfused.",
        "adapter_manifests": "list of File: the manifests of all adapters that made this model, in order.",
        "manifest": "File: canonical JSON model manifest (of an unfused descendant: the assembly's).",
        "receipt": "File: canonical JSON receipt of the operator that made it.",
        "ancestor_receipts": "depset of File: receipts of all ancestors and of the adapters that made this model.",
        "node": "File: canonical JSON derivation node; known before any evaluation.",
        "parents": "list of SlmModelInfo: direct parents, in operator order.",
        "ancestor_nodes": "depset of File: derivation nodes of all ancestors, itself not included.",
        "licenses": "depset of File: licence texts, inherited ones included.",
        "sources": "depset of File: source files that feed it, ancestors' included.",
        "source_kind": "string: `deterministic-smoke` or `converted-trained`; what its evidence may claim.",
    },
)
