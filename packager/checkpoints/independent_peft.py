"""Imports adapters that the `peft` package wrote, and compares with its merge.

usage: independent_peft.py PEDIGREE

Needs the packages of independent_peft.requirements.txt. A random Llama model is made
by `transformers` and given LoRA adapters by `peft`; model and adapter are imported and
fused, and every weight must be what `merge_and_unload` makes of it, up to the rounding
of sums in another order. What the format can't express must be refused by name.
"""

import importlib.metadata
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import peft
import torch
import transformers

import independent_writers as writers

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    "attention": dict(r=4, lora_alpha=8, target_modules=["q_proj", "k_proj"]),
    "rank-stabilised": dict(r=8, lora_alpha=4, use_rslora=True,
                            target_modules=["v_proj", "o_proj"]),
    "all linear layers": dict(r=2, lora_alpha=3, target_modules=ALL),
    "ranks by name": dict(r=2, lora_alpha=3, target_modules=ALL,
                          rank_pattern={"q_proj": 5}, alpha_pattern={"up_proj": 7}),
    "one layer": dict(r=3, lora_alpha=6, target_modules=["k_proj", "down_proj"],
                      layers_to_transform=[1]),
    "embeddings and output": dict(r=2, lora_alpha=2,
                                  target_modules=["embed_tokens", "lm_head"]),
}
REFUSED = {
    "use_dora": dict(r=2, target_modules=["q_proj"], use_dora=True),
    "bias": dict(r=2, target_modules=["q_proj"], bias="all"),
    "modules_to_save": dict(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"]),
}


def new_model():
    torch.manual_seed(11)
    config = transformers.LlamaConfig(
        vocab_size=writers.VOCAB, hidden_size=writers.HIDDEN,
        intermediate_size=writers.FFN, num_hidden_layers=writers.LAYERS,
        num_attention_heads=writers.HEADS, num_key_value_heads=writers.KV_HEADS,
        head_dim=writers.HEAD_DIM, max_position_embeddings=writers.CONTEXT,
        rms_norm_eps=writers.EPSILON, tie_word_embeddings=False)
    return transformers.LlamaForCausalLM(config).float()


def save_adapter(name, options, folder):
    torch.manual_seed(12)
    model = peft.get_peft_model(
        new_model(),
        peft.LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **options))
    # By default copies of adapted embeddings would be saved, too, which is refused.
    model.save_pretrained(folder, save_embedding_layers=False)
    return model


def run(pedigree, *args):
    return subprocess.run([pedigree, *map(str, args)], capture_output=True, text=True)


def must(pedigree, *args):
    ran = run(pedigree, *args)
    writers.check(ran.returncode == 0, "%s: %s" % (args, ran.stderr))


def compare(name, fused, merged):
    state = {key: value.detach().numpy() for key, value in merged.state_dict().items()}
    changed = 0
    base = new_model().state_dict()
    for canonical, hf, _, _ in writers.names():
        expected = state[hf]
        changed += not np.array_equal(expected, base[hf].numpy())
        if canonical.endswith("wq.weight"):
            expected = writers.to_adjacent(expected, writers.HEADS)
        if canonical.endswith("wk.weight"):
            expected = writers.to_adjacent(expected, writers.KV_HEADS)
        found = fused[canonical][0]
        error = np.abs(found - expected).max()
        writers.check(error <= 1e-6, "%s: %s is off by %g" % (name, canonical, error))
    writers.check(changed > 0, "%s changes nothing" % name)
    print("%s: %d tensors changed, all equal" % (name, changed))


def main():
    pedigree = sys.argv[1]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        new_model().save_pretrained(folder / "base")
        (folder / "tokenizer").write_bytes(writers.byte_tokenizer())
        must(pedigree, "import", "--format=hf", folder / "base",
             "--tokenizer=%s" % (folder / "tokenizer"),
             "--out=%s" % (folder / "base.slm"))
        for number, (name, options) in enumerate(ADAPTERS.items()):
            source = folder / ("adapter%d" % number)
            model = save_adapter(name, options, source)
            must(pedigree, "adapter", "import", "--format=peft", source,
                 "--parent=%s" % (folder / "base.slm"),
                 "--import-receipt=%s" % (folder / "base.slm.receipt.json"),
                 "--out=%s" % (folder / "a.adapter"))
            must(pedigree, "fuse", folder / "base.slm", folder / "a.adapter",
                 "--out=%s" % (folder / "fused.slm"))
            compare(name, writers.read_slm(folder / "fused.slm"),
                    model.merge_and_unload())
        source = folder / "with-base-layers"
        save_adapter("base layers", ADAPTERS["embeddings and output"],
                     source).save_pretrained(source, save_embedding_layers=True)
        ran = run(pedigree, "adapter", "import", "--format=peft", source,
                  "--parent=%s" % (folder / "base.slm"),
                  "--import-receipt=%s" % (folder / "base.slm.receipt.json"),
                  "--out=%s" % (folder / "refused.adapter"))
        writers.check(ran.returncode == 2 and "save_embedding_layers" in ran.stderr,
                      "base layers are not refused by name: %s" % ran.stderr)
        for number, (word, options) in enumerate(REFUSED.items()):
            source = folder / ("refused%d" % number)
            save_adapter(word, options, source)
            ran = run(pedigree, "adapter", "import", "--format=peft", source,
                      "--parent=%s" % (folder / "base.slm"),
                      "--out=%s" % (folder / "refused.adapter"))
            writers.check(ran.returncode == 2 and word in ran.stderr,
                          "%s is not refused by name: %s" % (word, ran.stderr))
            print("%s: refused" % word)
    print("OK: %d checks; %s" % (writers.checks, ", ".join(
        "%s %s" % (package, importlib.metadata.version(package))
        for package in ("peft", "transformers", "torch"))))


if __name__ == "__main__":
    main()
