"""Writes a Hugging Face checkpoint with random bfloat16 weights.

usage: random_checkpoint.py FOLDER [HIDDEN LAYERS HEADS KV_HEADS FFN VOCAB SHARDS]

The default shape has 1.1 billion parameters, that of TinyLlama. The tokenizer is a
section of single-byte pieces, FOLDER/tokenizer.tok, for `import --tokenizer`. Needs
numpy.
"""

import json
import pathlib
import struct
import sys

import numpy as np


def shapes(hidden, layers, heads, kv_heads, ffn, vocab):
    kv = hidden // heads * kv_heads
    yield "model.embed_tokens.weight", (vocab, hidden)
    for n in range(layers):
        prefix = "model.layers.%d." % n
        yield prefix + "input_layernorm.weight", (hidden,)
        yield prefix + "self_attn.q_proj.weight", (hidden, hidden)
        yield prefix + "self_attn.k_proj.weight", (kv, hidden)
        yield prefix + "self_attn.v_proj.weight", (kv, hidden)
        yield prefix + "self_attn.o_proj.weight", (hidden, hidden)
        yield prefix + "post_attention_layernorm.weight", (hidden,)
        yield prefix + "mlp.gate_proj.weight", (ffn, hidden)
        yield prefix + "mlp.up_proj.weight", (ffn, hidden)
        yield prefix + "mlp.down_proj.weight", (hidden, ffn)
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (vocab, hidden)


def write_file(path, tensors, rng):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        end = offset + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape),
                        "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape in tensors:
            left = int(np.prod(shape))
            while left:
                count = min(left, 1 << 22)
                values = rng.standard_normal(count, np.float32) * np.float32(0.02)
                file.write((values.view(np.uint32) >> 16).astype(np.uint16)
                           .tobytes())
                left -= count


def main():
    folder = pathlib.Path(sys.argv[1])
    shape = [int(x) for x in sys.argv[2:]] or [2048, 22, 32, 4, 5632, 32000, 2]
    hidden, layers, heads, kv_heads, ffn, vocab, shards = shape
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    tensors = list(shapes(hidden, layers, heads, kv_heads, ffn, vocab))
    weight_map = {}
    for shard in range(shards):
        first = len(tensors) * shard // shards
        part = tensors[first:len(tensors) * (shard + 1) // shards]
        name = "model-%05d-of-%05d.safetensors" % (shard + 1, shards)
        write_file(folder / name, part, rng)
        weight_map.update({tensor: name for tensor, _ in part})
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "hidden_size": hidden, "intermediate_size": ffn,
        "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "vocab_size": vocab,
        "max_position_embeddings": 2048, "rope_theta": 10000.0,
        "rms_norm_eps": 1e-5, "tie_word_embeddings": False}))
    pieces = b"".join(struct.pack("<II", i, 1) + b"x" for i in range(260, vocab))
    (folder / "tokenizer.tok").write_bytes(
        b"BPE1" + struct.pack("<8I", 1, vocab, 256, 257, 258, 259, vocab - 260, 0) +
        pieces)


if __name__ == "__main__":
    main()
