"""What the analysis tests look at. Nothing here is built."""

load(
    "//packager:defs.bzl",
    "slm_adapter",
    "slm_adapter_train",
    "slm_descendant",
    "slm_model",
    "slm_tokenizer_train",
    "slm_train",
)

_SPEC = "//fixtures:models/parent.textproto"
_ADAPTER_SPEC = "//fixtures:models/digits_adapter.textproto"
_PEFT = [
    "//fixtures/peft:valid/adapter_config.json",
    "//fixtures/peft:valid/adapter_model.safetensors",
]
_LICENSE = "//fixtures:models/LICENSE"

def _model(name, format = "mock", src = _SPEC, **kwargs):
    slm_model(
        name = name,
        src = src,
        format = format,
        tags = ["manual"],
        **kwargs
    )

def _adapter(name, parent, spec = _ADAPTER_SPEC, **kwargs):
    slm_adapter(
        name = name,
        parent = parent,
        spec = spec,
        tags = ["manual"],
        **kwargs
    )

def _descendant(name, operator, parent = None, **kwargs):
    slm_descendant(
        name = name,
        operator = operator,
        parent = parent,
        tags = ["manual"],
        **kwargs
    )

def _trained_adapter(name, parent):
    slm_adapter_train(
        name = name,
        config = _SPEC,
        data = ["texts.jsonl"],
        parent = parent,
        tags = ["manual"],
    )

def make_subjects():
    """Declares the targets under test."""
    _model(
        "mock",
        license_files = {_LICENSE: "MIT"},
        model_name = "mock-model",
        version = "1.2.3",
    )
    _model(
        "trained",
        dtype = "q8_0",
        family = "stories",
        format = "llama2c",
        q8_0_group = "32",
        tokenizer = _ADAPTER_SPEC,
    )
    _model("no_tokenizer", format = "llama2c")
    _model("two_tokenizers", tokenizer = _ADAPTER_SPEC)
    _model("hf_files", src = None, srcs = [_SPEC, _LICENSE], format = "hf")
    _model("hf_folder", src = _SPEC, dtype = "source", format = "hf")
    _model("gguf", format = "gguf")
    _model("no_source", src = None)
    _model("two_sources", srcs = [_LICENSE])
    _model("many_sources", src = None, srcs = [_SPEC, _LICENSE], format = "gguf")
    native.filegroup(
        name = "two_files",
        srcs = [_SPEC, _LICENSE],
        tags = ["manual"],
    )
    _model("two_licenses", license_files = {":two_files": "MIT"})

    _adapter("adapter", ":mock", license_files = {_LICENSE: "CC0-1.0"})
    _adapter("other_adapter", ":mock")
    _adapter("adapter_of_trained", ":trained")
    _adapter("adapter_of_stack", ":stacked")
    _adapter("peft_adapter", ":mock", spec = None, peft = _PEFT, with_import_receipt = True)
    _adapter("adapter_of_nothing", ":mock", spec = None)
    _adapter("adapter_of_peft_half", ":mock", spec = None, peft = _PEFT[:1])
    _adapter("adapter_of_spec_and_peft", ":mock", peft = _PEFT)
    _adapter("adapter_of_spec_with_receipt", ":mock", with_import_receipt = True)

    _descendant("stacked", "adapter", ":mock", adapters = [":adapter"])
    _descendant("stacked_more", "adapter", ":stacked", adapters = [":other_adapter"])
    _descendant("fused", "fuse", ":mock", adapters = [":adapter"])
    _descendant("fused_stack", "fuse", ":stacked")
    _descendant("quantized", "quantize", ":fused", dtype = "q4_0", tensor_storage = ["layers.0.*=q8_0"])
    _descendant("quantized_trained", "quantize", ":trained", dtype = "q4_0")
    _descendant("tuned_trained", "fuse", ":trained", adapters = [":adapter_of_trained"])
    _descendant("quantized_with_adapters", "quantize", ":mock", adapters = [":adapter"], dtype = "q8_0")
    _descendant("quantized_without_dtype", "quantize", ":mock")
    _descendant("quantized_stack", "quantize", ":stacked", dtype = "q8_0")
    _descendant("fused_with_dtype", "fuse", ":mock", adapters = [":adapter"], dtype = "q8_0")
    _descendant("fused_with_tensor_storage", "fuse", ":mock", adapters = [":adapter"], tensor_storage = ["*=q8_0"])
    _descendant("fused_nothing", "fuse", ":mock")
    _descendant("stacked_nothing", "adapter", ":mock")
    _descendant("merged", "merge", parents = [":mock", ":fused"], recipe = _SPEC)
    _descendant("merged_trained", "merge", parents = [":trained", ":quantized_trained"], recipe = _SPEC)
    _descendant("merged_without_recipe", "merge", parents = [":mock", ":fused"])
    _descendant("merged_stack", "merge", parents = [":mock", ":stacked"], recipe = _SPEC)
    _descendant("merged_with_dtype", "merge", dtype = "q8_0", parents = [":mock", ":fused"], recipe = _SPEC)
    _descendant("fused_orphan", "fuse", adapters = [":adapter"])
    _descendant("fused_stranger", "fuse", ":mock", adapters = [":adapter_of_trained"])

    slm_tokenizer_train(
        name = "words",
        data = ["texts.jsonl"],
        pre_split = "digits",
        tags = ["manual"],
        vocab_size = 270,
    )
    slm_train(
        name = "from_scratch",
        config = _SPEC,
        data = ["texts.jsonl"],
        family = "letters",
        license_files = {_LICENSE: "CC0-1.0"},
        tags = ["manual"],
        target = "avx2",
        threads = 2,
        tokenizer = ":words",
        validation = ["more.jsonl"],
    )
    slm_train(
        name = "no_threads",
        config = _SPEC,
        data = ["texts.jsonl"],
        tags = ["manual"],
        threads = 0,
    )
    _trained_adapter("trained_adapter", ":from_scratch")
    _trained_adapter("trained_on_stack", ":stacked")
    _descendant("trained_stack", "adapter", ":from_scratch", adapters = [":trained_adapter"])

def action_of(actions, mnemonic):
    """The only action with `mnemonic`.

    Args:
      actions: list of Action.
      mnemonic: string.

    Returns:
      Action.
    """
    found = [action for action in actions if action.mnemonic == mnemonic]
    if len(found) != 1:
        fail("%d actions %s (expected one)" % (len(found), mnemonic))
    return found[0]

def basenames(files):
    """Names of `files`, folders left out.

    Args:
      files: list of File.

    Returns:
      list of string.
    """
    return [file.basename for file in files]
