#!/usr/bin/env python3
"""Writes a GGUF model of random weights, for runs of llama.cpp beside ours.

    pip install gguf
    runtime/bench/random_gguf.py 15M|110M|1.1B f32|q8_0|q4_0 OUT.gguf

The shapes are those of shape_spec.sh. All matrices get the type asked for;
norms are f32. The vocabulary is 32,000 pieces, of which text uses those for bytes.
"""

import sys

import gguf
import numpy

# hidden, layers, heads, kv_heads, head_dim, ffn, tied
SHAPES = {
    "15M": (288, 6, 6, 6, 48, 768, True),
    "110M": (768, 12, 12, 12, 64, 2048, True),
    "1.1B": (2048, 22, 32, 4, 64, 5632, False),
}
TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
    "q4_0": gguf.GGMLQuantizationType.Q4_0,
}
VOCAB = 32000


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in SHAPES or sys.argv[2] not in TYPES:
        sys.exit(__doc__)
    hidden, layers, heads, kv_heads, dim, ffn, tied = SHAPES[sys.argv[1]]
    qtype = TYPES[sys.argv[2]]
    random = numpy.random.default_rng(1)
    writer = gguf.GGUFWriter(sys.argv[3], "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(ffn)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_dimension_count(dim)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(
        [b"<unk>", b"<s>", b"</s>"] +
        [b"<0x%02X>" % byte for byte in range(256)] +
        [f"piece{i}".encode() for i in range(259, VOCAB)])
    writer.add_token_scores([0.0] * VOCAB)
    kind = gguf.TokenType
    writer.add_token_types([kind.UNKNOWN] + [kind.CONTROL] * 2 +
                           [kind.BYTE] * 256 + [kind.NORMAL] * (VOCAB - 259))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    def matrix(name, rows, columns, scale=0.05):
        values = random.uniform(-scale, scale, (rows, columns))
        data = gguf.quants.quantize(values.astype(numpy.float32), qtype)
        writer.add_tensor(name, data, raw_dtype=qtype)

    def norm(name):
        writer.add_tensor(name, numpy.ones(hidden, numpy.float32))

    matrix("token_embd.weight", VOCAB, hidden, 1)
    for i in range(layers):
        norm(f"blk.{i}.attn_norm.weight")
        matrix(f"blk.{i}.attn_q.weight", heads * dim, hidden)
        matrix(f"blk.{i}.attn_k.weight", kv_heads * dim, hidden)
        matrix(f"blk.{i}.attn_v.weight", kv_heads * dim, hidden)
        matrix(f"blk.{i}.attn_output.weight", hidden, heads * dim)
        norm(f"blk.{i}.ffn_norm.weight")
        matrix(f"blk.{i}.ffn_gate.weight", ffn, hidden)
        matrix(f"blk.{i}.ffn_up.weight", ffn, hidden)
        matrix(f"blk.{i}.ffn_down.weight", hidden, ffn)
    norm("output_norm.weight")
    if not tied:
        matrix("output.weight", VOCAB, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
