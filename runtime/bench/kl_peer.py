#!/usr/bin/env python3
"""Measures what quantizing costs, ours beside ggml's, on a trained model.

    pip install gguf==0.19.0 llama-cpp-python==0.3.36
    runtime/bench/kl_peer.py PEDIGREE CHECKPOINT TOKENIZER OUT_DIR [--stories=N]
        [--positions=N]

PEDIGREE is the program; CHECKPOINT and TOKENIZER are llama2.c's files, such as
stories260K.bin and tok512.bin. In OUT_DIR it leaves:

    text.txt     stories that the model itself tells, sampled with seeds 1, 2, ..
    padded.bin   the same function with a hidden width that 32 divides: rows of
                 zeros more in w1 and w3, columns of zeros more in w2
    *.slm        both checkpoints in our types
    *.gguf       the padded one in llama.cpp's, quantized by its own quantizer,
                 every matrix in the type asked for

Then both engines run the same tokens in the same windows (`pedigree compare`), and
a Markdown table of each quantized model against the f32 model of its own engine is
printed. llama.cpp runs on the CPU, keys and values in f32, no flash attention, so
that all that differs is the weights' type and what it entails.
"""

import argparse
import hashlib
import json
import os
import struct
import subprocess

import gguf
import llama_cpp
import numpy

CONTEXT = 512
# dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len
HEADER = struct.Struct("<7i")
SOURCE_BOS = 1


class Checkpoint:
    """A llama2.c checkpoint: its header and its tensors in the file's order."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.header = HEADER.unpack_from(data)
        dim, hidden, layers, heads, kv_heads, vocab, context = self.header
        if vocab < 0:
            raise SystemExit(f"{path}: has an output matrix of its own")
        kv_dim = dim // heads * kv_heads
        self.shapes = {
            "token_embd": (vocab, dim),
            "attn_norm": (layers, dim),
            "attn_q": (layers, dim, dim),
            "attn_k": (layers, kv_dim, dim),
            "attn_v": (layers, kv_dim, dim),
            "attn_output": (layers, dim, dim),
            "ffn_norm": (layers, dim),
            "ffn_gate": (layers, hidden, dim),
            "ffn_down": (layers, dim, hidden),
            "ffn_up": (layers, hidden, dim),
            "output_norm": (dim,),
            "rope": (context * (dim // heads),),
        }
        values = numpy.frombuffer(data, "<f4", offset=HEADER.size)
        self.tensors = {}
        begin = 0
        for name, shape in self.shapes.items():
            count = int(numpy.prod(shape))
            self.tensors[name] = values[begin : begin + count].reshape(shape)
            begin += count
        if begin != len(values):
            raise SystemExit(f"{path}: {len(values)} values (expected {begin})")

    def pad_hidden(self, multiple):
        """Makes hidden_dim a multiple; the function stays what it was."""
        dim, hidden, *rest = self.header
        more = -hidden % multiple
        self.header = (dim, hidden + more, *rest)
        for name, axis in (("ffn_gate", 1), ("ffn_up", 1), ("ffn_down", 2)):
            widths = [(0, 0)] * 3
            widths[axis] = (0, more)
            self.tensors[name] = numpy.pad(self.tensors[name], widths)

    def write(self, path):
        with open(path, "wb") as file:
            file.write(HEADER.pack(*self.header))
            for tensor in self.tensors.values():
                file.write(tensor.astype("<f4").tobytes())

    def write_gguf(self, path, pieces):
        dim, hidden, layers, heads, kv_heads, _, context = self.header
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_context_length(context)
        writer.add_embedding_length(dim)
        writer.add_block_count(layers)
        writer.add_feed_forward_length(hidden)
        writer.add_head_count(heads)
        writer.add_head_count_kv(kv_heads)
        writer.add_rope_dimension_count(dim // heads)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_tokenizer_model("llama")
        kinds = gguf.TokenType
        writer.add_token_list(
            [text.replace(b" ", "\u2581".encode()) for _, text in pieces]
        )
        writer.add_token_scores([score for score, _ in pieces])
        writer.add_token_types(
            [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL]
            + [kinds.BYTE] * 256
            + [kinds.NORMAL] * (len(pieces) - 259)
        )
        writer.add_unk_token_id(0)
        writer.add_bos_token_id(SOURCE_BOS)
        writer.add_eos_token_id(2)
        for name, tensor in self.tensors.items():
            if name == "rope":
                continue
            if name in ("token_embd", "output_norm"):
                writer.add_tensor(f"{name}.weight", tensor)
                continue
            for layer in range(layers):
                writer.add_tensor(f"blk.{layer}.{name}.weight", tensor[layer])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def read_pieces(path, vocab):
    """(score, bytes) of each id of a llama2.c tokenizer."""
    with open(path, "rb") as file:
        data = file.read()
    pieces = []
    offset = 4
    for _ in range(vocab):
        score, length = struct.unpack_from("<fi", data, offset)
        offset += 8
        pieces.append((score, data[offset : offset + length]))
        offset += length
    return pieces


def our_id(source_id):
    """The id in a .slm of a llama2.c token: bytes are 0..255 there."""
    if 3 <= source_id < 259:
        return source_id - 3
    return {0: 259, 1: 256, 2: 257}.get(source_id, source_id + 1)


def run(*command):
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def tell_stories(pedigree, model, count, path):
    with open(path, "w") as file:
        for seed in range(1, count + 1):
            file.write(
                run(pedigree, "generate", model, "--prompt=Once upon a time",
                    "--echo", "--max-new-tokens=480", "--temperature=1",
                    "--top-k=1024", f"--seed={seed}")
            )
            file.write("\n")


def quantize_gguf(source, out, kind):
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = {
        "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
        "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    }[kind]
    params.pure = True
    params.nthread = 1
    if llama_cpp.llama_model_quantize(source.encode(), out.encode(), params):
        raise SystemExit(f"{source}: llama.cpp can't quantize it")
    for tensor in gguf.GGUFReader(out).tensors:
        wanted = "F32" if "norm" in tensor.name else kind.upper()
        if tensor.tensor_type.name != wanted:
            raise SystemExit(f"{out}: {tensor.name} is {tensor.tensor_type.name}")


class Peer:
    """llama.cpp with one model."""

    def __init__(self, path):
        self.llama = llama_cpp.Llama(
            path, n_ctx=CONTEXT, n_batch=CONTEXT, n_ubatch=CONTEXT,
            logits_all=True, flash_attn=False, type_k=llama_cpp.GGML_TYPE_F32,
            type_v=llama_cpp.GGML_TYPE_F32, n_threads=1, n_threads_batch=1,
            verbose=False,
        )

    def tokenize(self, text):
        return self.llama.tokenize(text, add_bos=True, special=False)

    def logits(self, windows):
        """f64 [all inputs, vocab]."""
        rows = []
        for inputs in windows:
            self.llama.reset()
            self.llama.eval(inputs)
            rows.append(numpy.array(self.llama.scores[: len(inputs)], "f8"))
        return numpy.concatenate(rows)


def log_softmax(logits):
    logits = logits - logits.max(axis=1, keepdims=True)
    return logits - numpy.log(numpy.exp(logits).sum(axis=1, keepdims=True))


def compare(parent, child, targets):
    """The figures of `pedigree compare`; id 0, UNK, takes no part."""
    log_p = log_softmax(parent[:, 1:])
    log_q = log_softmax(child[:, 1:])
    kl = (numpy.exp(log_p) * (log_p - log_q)).sum(axis=1)
    rows = numpy.arange(len(kl))
    rank = (99 * len(kl) + 99) // 100 - 1
    return {
        "mean_kl": kl.mean(),
        "kl_99th_percentile": numpy.sort(kl)[rank],
        "max_kl": kl.max(),
        "top_1_agreement": (log_p.argmax(axis=1) == log_q.argmax(axis=1)).mean(),
        "parent_perplexity": numpy.exp(-log_p[rows, targets - 1].mean()),
        "child_perplexity": numpy.exp(-log_q[rows, targets - 1].mean()),
    }


def row(name, figures, peer=None):
    ratio = ""
    if peer:
        ratio = f"{float(figures['mean_kl']) / float(peer['mean_kl']):.3f}"
    print(
        f"| {name} | {float(figures['mean_kl']):.4e} | {ratio} "
        f"| {float(figures['kl_99th_percentile']):.3e} "
        f"| {float(figures['max_kl']):.3e} "
        f"| {100 * float(figures['top_1_agreement']):.2f} % "
        f"| {float(figures['child_perplexity']):.4f} |"
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ("pedigree", "checkpoint", "tokenizer", "out_dir"):
        parser.add_argument(name)
    parser.add_argument("--stories", type=int, default=30)
    parser.add_argument("--positions", type=int, default=5000)
    options = parser.parse_args()
    os.makedirs(options.out_dir, exist_ok=True)

    def path(name):
        return os.path.join(options.out_dir, name)

    checkpoint = Checkpoint(options.checkpoint)
    pieces = read_pieces(options.tokenizer, checkpoint.header[5])
    checkpoint.pad_hidden(32)
    checkpoint.write(path("padded.bin"))
    checkpoint.write_gguf(path("f32.gguf"), pieces)

    pedigree = options.pedigree
    for name, source in (
        ("plain", options.checkpoint),
        ("padded", path("padded.bin")),
    ):
        run(pedigree, "import", "--format=llama2c", source,
            f"--tokenizer={options.tokenizer}", f"--out={path(name)}.slm")
        for kind, flags in (
            ("q8_0", ["--dtype=q8_0"]),
            ("q8_0_blocks", ["--dtype=q8_0", "--q8-0-group=32"]),
            ("q4_0", ["--dtype=q4_0"]),
        ):
            run(pedigree, "quantize", f"{path(name)}.slm", *flags,
                f"--out={path(name)}-{kind}.slm")
    tell_stories(pedigree, path("plain.slm"), options.stories, path("text.txt"))

    def ours(parent, child):
        return json.loads(
            run(pedigree, "compare", path(parent), path(child),
                f"--text={path('text.txt')}", f"--context={CONTEXT}",
                f"--positions={options.positions}", "--json")
        )

    same = ours("plain.slm", "padded.slm")
    print(f"{same['positions']} positions in windows of {same['context']}")
    print("padding moves a logit by at most", same["max_logit_difference"])

    peer = Peer(path("f32.gguf"))
    with open(path("text.txt"), "rb") as file:
        ids = peer.tokenize(file.read())
    windows = []
    targets = []
    for begin in range(0, options.positions, CONTEXT):
        end = min(begin + CONTEXT, options.positions)
        windows.append([SOURCE_BOS] + ids[begin + 1 : end])
        targets += ids[begin + 1 : end + 1]
    targets = numpy.array(targets)
    inputs = [our_id(i) for window in windows for i in window]
    digest = hashlib.sha256(numpy.array(inputs, "<u4").tobytes()).hexdigest()
    if same["inputs_digest"] != f"sha256:{digest}":
        raise SystemExit(f"{path('text.txt')}: the engines read other tokens")
    base = peer.logits(windows)
    theirs = {}
    for kind in ("q8_0", "q4_0"):
        quantize_gguf(path("f32.gguf"), path(f"{kind}.gguf"), kind)
        theirs[kind] = compare(
            base, Peer(path(f"{kind}.gguf")).logits(windows), targets
        )
    print("f32 perplexity: ours", same["child_perplexity"], "llama.cpp's",
          f"{theirs['q8_0']['parent_perplexity']:.6g}")
    print()
    print("| model | mean KL | ours / ggml's | KL p99 | max KL | top-1 | perplexity |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    row("ggml q8_0", theirs["q8_0"])
    row("q8_0, blocks of 32", ours("padded.slm", "padded-q8_0_blocks.slm"),
        theirs["q8_0"])
    row("q8_0, a scale per row", ours("padded.slm", "padded-q8_0.slm"),
        theirs["q8_0"])
    row("ggml q4_0", theirs["q4_0"])
    row("q4_0", ours("padded.slm", "padded-q4_0.slm"), theirs["q4_0"])
    row("unpadded q8_0, a scale per row", ours("plain.slm", "plain-q8_0.slm"))
    row("unpadded q4_0 (w2 is q8_0)", ours("plain.slm", "plain-q4_0.slm"))


if __name__ == "__main__":
    main()
