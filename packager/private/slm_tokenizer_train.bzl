"""slm_tokenizer_train: a tokenizer learned from texts."""

load("//bazel:release.bzl", "released_tool")

_DOC = """A byte-level BPE tokenizer, learned from texts.

    slm_tokenizer_train(
        name = "words",
        data = ["addition.train.jsonl", "dates.train.jsonl"],
        pre_split = "digits",
        vocab_size = 512,
    )

makes `words.tok`, a tokenizer section for `slm_train`, and its receipt. Pairs are
counted exactly and ties go to the lowest ids, so the bytes are the same on every
machine (docs/training.md).
"""

def _slm_tokenizer_train_impl(ctx):
    section = ctx.actions.declare_file(ctx.label.name + ".tok")
    receipt = ctx.actions.declare_file(section.basename + ".receipt.json")
    args = ctx.actions.args()
    args.add_all(["tokenizer", "train"])
    args.add_all(ctx.files.data, format_each = "--data=%s")
    args.add("--vocab-size=%d" % ctx.attr.vocab_size)
    args.add("--pre-split=" + ctx.attr.pre_split)
    args.add(section, format = "--out=%s")
    ctx.actions.run(
        mnemonic = "SlmTokenizerTrain",
        progress_message = "Training tokenizer %s" % ctx.label,
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = ctx.files.data,
        outputs = [section, receipt],
    )
    return [
        DefaultInfo(
            files = depset([section]),
            runfiles = ctx.runfiles([section, receipt]),
        ),
        OutputGroupInfo(receipt = depset([receipt])),
    ]

slm_tokenizer_train = rule(
    implementation = _slm_tokenizer_train_impl,
    doc = _DOC,
    attrs = {
        "data": attr.label_list(
            doc = "Texts to learn from: JSON Lines, as of `slm_train`.",
            mandatory = True,
            allow_files = [".jsonl"],
            allow_empty = False,
        ),
        "pre_split": attr.string(
            doc = "Words that nothing merges across: `none`, `gpt2`, `llama3`, `qwen2` or `digits`. Default: none.",
            default = "none",
            values = ["none", "gpt2", "llama3", "qwen2", "digits"],
        ),
        "vocab_size": attr.int(
            doc = "Tokens, 260 of them bytes and roles.",
            mandatory = True,
        ),
        "_tool": released_tool(Label("//packager:slm_pack_released")),
    },
)
