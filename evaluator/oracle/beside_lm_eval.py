#!/usr/bin/env python3
"""Compares `pedigree eval` with lm-evaluation-harness on one checkpoint.

    python3 -m venv v && v/bin/pip install lm_eval torch transformers tokenizers
    v/bin/python evaluator/oracle/beside_lm_eval.py --pedigree=bazel-bin/pedigree \
        --checkpoint=stories260K.bin --tokenizer=tok512.bin --cases=1000

The checkpoint, llama2.c's, goes to the harness as a float32 LlamaForCausalLM and
to `pedigree import` as it is. In one run, on the same threads:

  texts         greedy generations of the same prompts, letter by letter
  likelihoods   of choices, and of whole texts (bits per byte), by token
  cases/s       of both on the generations, by batch size

Exits with 1 when a likelihood is further off than 1e-3 nats a token, or a text
differs where the two best logits do not tie to 1e-4.
"""

import argparse
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402
from lm_eval.api.instance import Instance  # noqa: E402
from lm_eval.models.huggingface import HFLM  # noqa: E402
import lm_eval  # noqa: E402
import tokenizers  # noqa: E402
import transformers  # noqa: E402

NEW_TOKENS = 24
NATS_PER_TOKEN = 1e-3
TIE = 1e-4

PEOPLE = "Lily Tom Ben Mia Sue Max Anna Tim Sam Lucy Jack Emma Leo Amy Bob Zoe"
THINGS = "ball car doll book tree dog cat bird boat hat cake toy box frog fish bear"
COLOURS = "red blue green big small yellow old new soft round shiny pink"
PLACES = "park garden house forest beach school farm kitchen yard river"
OPENINGS = [
    "Once upon a time, there was a little girl named {n}. {n} had a {c} {t}.",
    "One day, {n} went to the {p} with a {c} {t}.",
    "Once upon a time, in the {p}, {n} saw a {c} {t}.",
]


def make_prompts(count):
    """Different prompts that share starts, the same for equal counts."""
    prompts = []
    for n in PEOPLE.split():
        for t in THINGS.split():
            for c in COLOURS.split():
                for p in PLACES.split():
                    opening = OPENINGS[(len(n) + len(t) + len(c) + len(p)) % 3]
                    prompts.append(opening.format(n=n, t=t, c=c, p=p))
    prompts = sorted(set(prompts))
    step = max(1, len(prompts) // count)
    return prompts[::step][:count]


def read_checkpoint(path):
    """llama2.c's format: seven integers, then tensors of float32."""
    with open(path, "rb") as file:
        dim, hidden, layers, heads, kv_heads, vocab, context = struct.unpack(
            "7i", file.read(28))
        tied = vocab > 0
        vocab = abs(vocab)
        head_dim = dim // heads
        kv_dim = kv_heads * head_dim

        def take(*shape):
            size = 4 * math.prod(shape)
            data = torch.frombuffer(bytearray(file.read(size)), dtype=torch.float32)
            return data.reshape(shape)

        w = {"emb": take(vocab, dim), "attn_norm": take(layers, dim)}
        w["wq"] = take(layers, dim, dim)
        w["wk"] = take(layers, kv_dim, dim)
        w["wv"] = take(layers, kv_dim, dim)
        w["wo"] = take(layers, dim, dim)
        w["ffn_norm"] = take(layers, dim)
        w["w1"] = take(layers, hidden, dim)
        w["w2"] = take(layers, dim, hidden)
        w["w3"] = take(layers, hidden, dim)
        w["norm"] = take(dim)
        take(context, head_dim // 2)
        take(context, head_dim // 2)
        w["out"] = w["emb"] if tied else take(vocab, dim)
    config = transformers.LlamaConfig(
        vocab_size=vocab, hidden_size=dim, intermediate_size=hidden,
        num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, max_position_embeddings=context,
        rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1,
        eos_token_id=2, pad_token_id=0)
    return w, config


def rotate_halves(weight, heads):
    """Rows of interleaved RoPE pairs into the halves of transformers."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).transpose(
        1, 2).reshape(rows, columns)


def load_model(path):
    w, config = read_checkpoint(path)
    model = transformers.LlamaForCausalLM(config).eval()
    state = {"model.embed_tokens.weight": w["emb"], "model.norm.weight": w["norm"],
             "lm_head.weight": w["out"]}
    for i in range(config.num_hidden_layers):
        layer = f"model.layers.{i}."
        state[layer + "self_attn.q_proj.weight"] = rotate_halves(
            w["wq"][i], config.num_attention_heads)
        state[layer + "self_attn.k_proj.weight"] = rotate_halves(
            w["wk"][i], config.num_key_value_heads)
        state[layer + "self_attn.v_proj.weight"] = w["wv"][i]
        state[layer + "self_attn.o_proj.weight"] = w["wo"][i]
        state[layer + "mlp.gate_proj.weight"] = w["w1"][i]
        state[layer + "mlp.down_proj.weight"] = w["w2"][i]
        state[layer + "mlp.up_proj.weight"] = w["w3"][i]
        state[layer + "input_layernorm.weight"] = w["attn_norm"][i]
        state[layer + "post_attention_layernorm.weight"] = w["ffn_norm"][i]
    model.load_state_dict(state, strict=True)
    return model


def load_tokenizer(path, vocab_size):
    """llama2.c's list of pieces with scores as a BPE of tokenizers."""
    pieces = []
    with open(path, "rb") as file:
        file.read(4)
        for _ in range(vocab_size):
            score, length = struct.unpack("<fi", file.read(8))
            pieces.append((file.read(length).decode("utf-8"), score))
    vocab = {}
    scores = {}
    for i, (piece, score) in enumerate(pieces):
        name = {0: "<unk>", 1: "<s>", 2: "</s>"}.get(i)
        if name is None:
            name = f"<0x{i - 3:02X}>" if i < 259 else piece.replace(" ", "\u2581")
            scores[name] = score
        vocab[name] = i
    merges = []
    for name, i in vocab.items():
        if i < 259:
            continue
        for cut in range(1, len(name)):
            if name[:cut] in vocab and name[cut:] in vocab:
                merges.append((scores[name], i, (name[:cut], name[cut:])))
    merges = [m for _, _, m in sorted(merges, key=lambda m: (-m[0], m[1]))]
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab=vocab, merges=merges, unk_token="<unk>", byte_fallback=True,
        fuse_unk=True))
    bpe.normalizer = tokenizers.normalizers.Sequence([
        tokenizers.normalizers.Prepend("\u2581"),
        tokenizers.normalizers.Replace(" ", "\u2581")])
    bpe.decoder = tokenizers.decoders.Sequence([
        tokenizers.decoders.Replace("\u2581", " "),
        tokenizers.decoders.ByteFallback(), tokenizers.decoders.Fuse()])
    bpe.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>",
        unk_token="<unk>", pad_token="<unk>", clean_up_tokenization_spaces=False)


class Pedigree:
    """The command, on files in a folder."""

    def __init__(self, command, folder, checkpoint, tokenizer):
        self.command = os.path.abspath(command)
        self.folder = folder
        self.model = os.path.join(folder, "model.slm")
        subprocess.run([self.command, "import", "--format=llama2c", checkpoint,
                        "--tokenizer=" + tokenizer, "--out=" + self.model],
                       check=True)

    def evaluate(self, cases, *options):
        """The sidecar and the seconds of the whole command."""
        suite = os.path.join(self.folder, "suite.json")
        out = os.path.join(self.folder, "sidecar.json")
        with open(suite, "w") as file:
            json.dump({"schema_version": "pedigree.suite.v1", "name": "suite",
                       "version": "1", "cases": cases}, file)
        start = time.monotonic()
        subprocess.run([self.command, "eval", self.model, "--suite=" + suite,
                        "--out=" + out, *options], check=True)
        seconds = time.monotonic() - start
        with open(out) as file:
            return json.load(file), seconds


def compare_texts(lm, sidecar, outputs, prompts):
    """Texts that differ though no two logits tied; a tie goes either way."""
    wrong = ties = 0
    for result, output, prompt in zip(sidecar["cases"], outputs, prompts):
        ours = result["actual"]
        if ours.lstrip(" ") == output.lstrip(" "):
            continue
        # The first token that differs, and how far the two are apart there.
        ids = lm.tokenizer(prompt)["input_ids"]
        both = []
        for text in (ours, output):
            both.append(lm.tokenizer(prompt + text)["input_ids"][len(ids):])
        first = next((i for i, (a, b) in enumerate(zip(*both)) if a != b), None)
        gap = math.inf
        if first is not None:
            with torch.no_grad():
                logits = lm.model(torch.tensor([ids + both[0][:first]])).logits[0, -1]
            gap = abs(float(logits[both[0][first]] - logits[both[1][first]]))
        if gap < TIE:
            ties += 1
        else:
            wrong += 1
            print(f"differs: {prompt!r}\n  ours {ours!r}\n  theirs {output!r}, "
                  f"logits {gap} apart", file=sys.stderr)
    return wrong, ties


def generations(pedigree, lm_of, prompts, threads, batches):
    cases = [{"id": f"case-{i:06}", "prompt": p, "expected": "x",
              "max_new_tokens": NEW_TOKENS} for i, p in enumerate(prompts)]
    requests = [Instance("generate_until", {}, (p, {
        "until": ["</s>"], "max_gen_toks": NEW_TOKENS, "do_sample": False}), i)
                for i, p in enumerate(prompts)]
    wrong = 0
    for batch in batches:
        sidecar, ours = pedigree.evaluate(cases, f"--threads={threads}")
        lm = lm_of(batch)
        start = time.monotonic()
        outputs = lm.generate_until(requests, disable_tqdm=True)
        theirs = time.monotonic() - start
        different, ties = compare_texts(lm, sidecar, outputs, prompts)
        wrong += different
        count = len(prompts)
        print(f"generations: {count} cases, {threads} threads: ours "
              f"{count / ours:.1f} cases/s, theirs at batch {batch} "
              f"{count / theirs:.1f} cases/s, ratio {theirs / ours:.2f}; "
              f"{different} texts differ, {ties} more at a tie", flush=True)
    return wrong


def likelihoods(pedigree, lm, prompts):
    """The largest difference in nats a token, of choices and of texts."""
    endings = [" She was very happy.", " He ran to the park.",
               " It was blue and cold, and nobody came."]
    cases = [{"id": f"case-{i:06}", "prompt": p, "expected": endings[0],
              "choices": endings, "scorer": "choice"}
             for i, p in enumerate(prompts)]
    sidecar, _ = pedigree.evaluate(cases)
    requests = [Instance("loglikelihood", {}, (p, e), i)
                for i, p in enumerate(prompts) for e in endings]
    theirs = lm.loglikelihood(requests, disable_tqdm=True)
    worst = 0.0
    for i, result in enumerate(sidecar["cases"]):
        for j, ours in enumerate(result["likelihoods"]):
            value = theirs[i * len(endings) + j][0]
            difference = abs(float(ours["log_likelihood"]) - value)
            worst = max(worst, difference / ours["tokens"])
    print(f"log-likelihoods: {len(theirs)} choices, largest difference "
          f"{worst:.2e} nats a token")
    texts = [" ".join(prompts[i:i + 5]) for i in range(0, len(prompts), 5)]
    cases = [{"id": f"case-{i:06}", "prompt": t, "expected": "9",
              "scorer": "bits-per-byte"} for i, t in enumerate(texts)]
    sidecar, _ = pedigree.evaluate(cases)
    rolling = 0.0
    worst_bits = 0.0
    for result, text in zip(sidecar["cases"], texts):
        ids = torch.tensor([lm.tokenizer(text)["input_ids"]])
        with torch.no_grad():
            logits = torch.log_softmax(lm.model(ids).logits[0, :-1].double(), -1)
        nats = float(logits.gather(1, ids[0, 1:, None]).sum())
        ours = result["likelihoods"][0]
        rolling = max(rolling, abs(float(ours["log_likelihood"]) - nats) /
                      ours["tokens"])
        bits = -nats / math.log(2) / len(text.encode())
        worst_bits = max(worst_bits, abs(bits - float(result["actual"])))
    print(f"bits per byte: {len(texts)} texts, largest difference {rolling:.2e} "
          f"nats a token, {worst_bits:.2e} bits a byte")
    return max(worst, rolling)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pedigree", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batches", default="1,8,32",
                        help="batch sizes of the harness")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"lm_eval {lm_eval.__version__}, transformers "
          f"{transformers.__version__}, torch {torch.__version__}")
    model = load_model(args.checkpoint)
    tokenizer = load_tokenizer(args.tokenizer, model.config.vocab_size)

    def lm_of(batch):
        return HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch,
                    device="cpu", dtype="float32", add_bos_token=True)

    prompts = make_prompts(args.cases)
    with tempfile.TemporaryDirectory() as folder:
        pedigree = Pedigree(args.pedigree, folder, args.checkpoint, args.tokenizer)
        off = likelihoods(pedigree, lm_of(8), prompts[:200])
        wrong = generations(pedigree, lm_of, prompts, args.threads,
                            [int(b) for b in args.batches.split(",")])
    if off > NATS_PER_TOKEN or wrong > 0:
        print("FAILED")
        return 1
    print("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main())
