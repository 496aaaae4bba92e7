"""Imports files that other projects' writers made, and compares every value.

usage: independent_writers.py PEDIGREE

Needs the packages of independent_writers.requirements.txt. A random model is
written as Hugging Face files with `safetensors` and as GGUF with `gguf`, imported,
and read back with nothing but docs/formats. The same with vocabularies that
`tokenizers` learned, as tokenizer.json and inside GGUF files: each token must keep
its rows.
"""

import importlib.metadata
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import safetensors
import safetensors.numpy
import tokenizers

HIDDEN, HEADS, KV_HEADS, HEAD_DIM, FFN, LAYERS, VOCAB = 64, 4, 2, 32, 96, 2, 260
CONTEXT, THETA, EPSILON = 128, 50000.0, 1e-5
ROWS = 420  # of checkpoints with a tokenizer, more than it has tokens
SPACE = "\u2581"
# Fields of a `.slm` header.
VOCAB_SIZE_OFFSET, TOKENIZER_OFFSET = 20, 64

# Canonical names by Hugging Face's and llama.cpp's.
LAYER_NAMES = {
    "attn_norm": ("input_layernorm", "attn_norm"),
    "wq": ("self_attn.q_proj", "attn_q"),
    "wk": ("self_attn.k_proj", "attn_k"),
    "wv": ("self_attn.v_proj", "attn_v"),
    "wo": ("self_attn.o_proj", "attn_output"),
    "ffn_norm": ("post_attention_layernorm", "ffn_norm"),
    "w1": ("mlp.gate_proj", "ffn_gate"),
    "w3": ("mlp.up_proj", "ffn_up"),
    "w2": ("mlp.down_proj", "ffn_down"),
}

checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        sys.exit("FAILED: " + what)


def names(vocab=VOCAB):
    """(canonical, Hugging Face's, GGUF's, shape) in canonical order."""
    shapes = {
        "attn_norm": (HIDDEN,),
        "wq": (HEADS * HEAD_DIM, HIDDEN),
        "wk": (KV_HEADS * HEAD_DIM, HIDDEN),
        "wv": (KV_HEADS * HEAD_DIM, HIDDEN),
        "wo": (HIDDEN, HEADS * HEAD_DIM),
        "ffn_norm": (HIDDEN,),
        "w1": (FFN, HIDDEN),
        "w3": (FFN, HIDDEN),
        "w2": (HIDDEN, FFN),
    }
    yield ("tok_embeddings.weight", "model.embed_tokens.weight",
           "token_embd.weight", (vocab, HIDDEN))
    for n in range(LAYERS):
        for name, (hf, ggml) in LAYER_NAMES.items():
            yield ("layers.%d.%s.weight" % (n, name),
                   "model.layers.%d.%s.weight" % (n, hf),
                   "blk.%d.%s.weight" % (n, ggml), shapes[name])
    yield "norm.weight", "model.norm.weight", "output_norm.weight", (HIDDEN,)
    yield "output.weight", "lm_head.weight", "output.weight", (vocab, HIDDEN)


def byte_tokenizer():
    """A tokenizer section of bytes and four special tokens."""
    return b"BTOK" + struct.pack("<6I", 1, VOCAB, 256, 257, 258, 259)


def bf16_bits(values):
    """The upper halves of binary32 values."""
    return (values.view(np.uint32) >> 16).astype(np.uint16)


def random_model(vocab=VOCAB):
    """Values that bfloat16 and binary16 hold exactly, by Hugging Face's name."""
    rng = np.random.default_rng(7)
    model = {}
    for _, hf, _, shape in names(vocab):
        values = rng.integers(-127, 128, shape).astype(np.float32) / 256
        model[hf] = values
    return model


def to_adjacent(values, heads):
    """What llama.cpp's conversion does to q and k of a Hugging Face model."""
    return (values.reshape(heads, 2, HEAD_DIM // 2, -1).swapaxes(1, 2)
            .reshape(values.shape))


def expected(model):
    """The model by canonical name, RoPE rows in adjacent pairs."""
    result = {}
    for canonical, hf, _, _ in names():
        values = model[hf]
        if canonical.endswith("wq.weight"):
            values = to_adjacent(values, HEADS)
        if canonical.endswith("wk.weight"):
            values = to_adjacent(values, KV_HEADS)
        result[canonical] = values
    return result


def read_slm(path):
    """The tensors of a `.slm` file, as docs/formats/slm.md says, by name."""
    data = path.read_bytes()
    vocab, = struct.unpack_from("<I", data, VOCAB_SIZE_OFFSET)
    directory, count = struct.unpack_from("<QI", data, 80)
    tensors = {}
    for i, (name, _, _, shape) in enumerate(names(vocab)):
        entry = struct.unpack_from("<QIIIIIIQQQII", data, directory + 64 * i)
        dtype, offset, length, scales, block = (entry[1], entry[7], entry[8],
                                                entry[9], entry[10])
        values = np.prod(shape)
        if dtype == 1:
            q = np.frombuffer(data, np.float32, values, offset)
            tensors[name] = q.reshape(shape), None, None
            continue
        if dtype == 2:
            q = np.frombuffer(data, np.int8, values, offset)
        else:
            packed = np.frombuffer(data, np.uint8, length, offset)
            q = np.stack([packed & 15, packed >> 4], -1).reshape(-1)
            q = np.where(q > 7, q.astype(np.int8) - 16, q).astype(np.int8)
        s = np.frombuffer(data, np.float32, values // block, scales)
        product = q.reshape(-1, block).astype(np.float32) * s[:, None]
        tensors[name] = product.reshape(shape), q.reshape(-1, block), s
    check(count == len(tensors), "tensor count of %s" % path)
    return tensors


def run_import(pedigree, kind, sources, tokenizer, out, dtype):
    subprocess.run(
        [pedigree, "import", "--format=" + kind, "--dtype=" + dtype,
         "--out=" + str(out)] +
        (["--tokenizer=" + str(tokenizer)] if tokenizer else []) +
        [str(source) for source in sources], check=True)
    return out


def write_config(folder, vocab=VOCAB):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "hidden_size": HIDDEN, "intermediate_size": FFN, "head_dim": HEAD_DIM,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "vocab_size": vocab,
        "max_position_embeddings": CONTEXT, "rope_theta": THETA,
        "rms_norm_eps": EPSILON, "tie_word_embeddings": False}))


def write_hf(folder, model, dtype):
    """One file by `safetensors`."""
    write_config(folder, len(model["lm_head.weight"]))
    path = str(folder / "model.safetensors")
    if dtype != "bfloat16":
        safetensors.numpy.save_file(
            {k: v.astype(dtype) for k, v in model.items()}, path,
            metadata={"format": "pt"})
        return
    bits = {name: bf16_bits(values) for name, values in model.items()}
    safetensors.serialize_file(
        {name: safetensors.TensorSpec(
            dtype="bfloat16", shape=list(values.shape),
            data_ptr=values.ctypes.data, data_len=values.nbytes)
         for name, values in bits.items()}, path, {"format": "pt"})


def write_hf_shards(folder, model):
    """Three files and an index."""
    write_config(folder)
    weight_map = {}
    for shard in range(3):
        name = "model-%05d-of-00003.safetensors" % (shard + 1)
        part = dict(list(model.items())[shard::3])
        safetensors.numpy.save_file(part, str(folder / name))
        weight_map.update({tensor: name for tensor in part})
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": weight_map}))


def write_gguf(path, tensors, kind, add_tokenizer=lambda writer: None):
    """By `gguf`, with its quantisers; vectors stay f32."""
    vocab = len(tensors["output.weight"])
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_DIM)
    writer.add_value_length(HEAD_DIM)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_rope_freq_base(THETA)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_vocab_size(vocab)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_tokenizer(writer)
    raw = {}
    for canonical, _, name, shape in names(vocab):
        values = tensors[canonical]
        stored = gguf.GGMLQuantizationType.F32 if len(shape) == 1 else kind
        data = gguf.quants.quantize(values, stored)
        raw[canonical] = data, stored
        writer.add_tensor(name, data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return raw


def rope_score(q, k, distance, adjacent):
    """Scores of one head with RoPE on rows in halves or in adjacent pairs."""
    frequency = THETA ** (-np.arange(HEAD_DIM // 2) * 2.0 / HEAD_DIM)
    turn = np.exp(1j * frequency * distance)
    half = HEAD_DIM // 2
    pairs = ((lambda v: v[0::2] + 1j * v[1::2]) if adjacent else
             (lambda v: v[:half] + 1j * v[half:]))
    return float(np.real(np.sum(pairs(q) * turn * np.conj(pairs(k)))))


def check_rope(model, imported):
    """q and k give the scores they gave before, whatever the order of rows."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, HIDDEN))
    q = model["model.layers.1.self_attn.q_proj.weight"].astype(np.float64)
    k = model["model.layers.1.self_attn.k_proj.weight"].astype(np.float64)
    new_q = imported["layers.1.wq.weight"][0].astype(np.float64)
    new_k = imported["layers.1.wk.weight"][0].astype(np.float64)
    for head in range(HEADS):
        a = slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
        kv = head * KV_HEADS // HEADS
        b = slice(kv * HEAD_DIM, (kv + 1) * HEAD_DIM)
        for distance in (0, 1, 17, 100):
            before = rope_score(q[a] @ x, k[b] @ y, distance, False)
            after = rope_score(new_q[a] @ x, new_k[b] @ y, distance, True)
            check(abs(before - after) < 1e-9, "RoPE of head %d" % head)


def check_values(imported, tensors, what):
    for name, values in tensors.items():
        check(np.array_equal(imported[name][0], values),
              "%s of %s" % (name, what))


def check_blocks(imported, raw, what):
    """Values and bits of quantised tensors, by gguf's own dequantiser."""
    for name, (data, stored) in raw.items():
        values, q, scales = imported[name]
        check(np.array_equal(values.reshape(-1).view(np.uint32),
                             gguf.quants.dequantize(data, stored)
                             .astype(np.float32).reshape(-1).view(np.uint32)),
              "values of %s of %s" % (name, what))
        if q is None:
            continue
        q8 = stored == gguf.GGMLQuantizationType.Q8_0
        blocks = data.reshape(-1, 34 if q8 else 18)
        check(np.array_equal(scales, blocks[:, :2].copy().view(np.float16)
                             .astype(np.float32).reshape(-1)),
              "scales of %s of %s" % (name, what))
        body = blocks[:, 2:]
        bits = (body.view(np.int8) if q8 else np.concatenate(
            [body & 15, body >> 4], 1).astype(np.int8) - 8)
        check(np.array_equal(q, bits), "bits of %s of %s" % (name, what))


def learn(tokenizer, special):
    """Learns 400 tokens of this file."""
    tokenizer.train_from_iterator(
        pathlib.Path(__file__).read_text().splitlines(),
        tokenizers.trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, show_progress=False,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()
            if len(special) == 1 else []))
    return tokenizer


def byte_level_tokenizer():
    """As GPT-2's."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    return learn(tokenizer, ["<end>"])


def escaped_tokenizer():
    """As Llama 2's: escaped spaces, and bytes for what is no piece."""
    parts = tokenizers.normalizers, tokenizers.decoders
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = parts[0].Sequence(
        [parts[0].Prepend(SPACE), parts[0].Replace(" ", SPACE)])
    tokenizer.decoder = parts[1].Sequence(
        [parts[1].Replace(SPACE, " "), parts[1].ByteFallback(),
         parts[1].Fuse(), parts[1].Strip(" ", 1, 0)])
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)])
    learn(tokenizer, ["<unk>", "<s>", "</s>"] +
          ["<0x%02X>" % byte for byte in range(256)])
    # Bytes are not looked for in texts.
    text = json.loads(tokenizer.to_str())
    text["added_tokens"] = text["added_tokens"][:3]
    return tokenizers.Tokenizer.from_str(json.dumps(text))


def bytes_of_alphabet():
    """The byte of each character of the byte-level alphabet."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    moved = [byte for byte in range(256) if byte not in plain]
    return {**{chr(byte): byte for byte in plain},
            **{chr(256 + i): byte for i, byte in enumerate(moved)}}


def contents_of_tokens(tokenizer):
    """What each id of an original stands for: a byte, or the bytes of a piece;
    specials as they are written."""
    special = {token.content for token in
               tokenizer.get_added_tokens_decoder().values()}
    escaped = "ByteFallback" in tokenizer.to_str()
    alphabet = bytes_of_alphabet()
    result = {}
    for token, i in tokenizer.get_vocab().items():
        if escaped and token.startswith("<0x"):
            result[i] = int(token[3:5], 16)
        elif token in special:
            result[i] = token.encode()
        elif escaped:
            result[i] = token.replace(SPACE, " ").encode()
        else:
            content = bytes(alphabet[c] for c in token)
            result[i] = content if len(content) > 1 else content[0]
    return result


def read_section(path):
    """The bytes of each id from 260 on, and the absent ids: what BPE1 version 2
    says."""
    data = path.read_bytes()
    offset, length = struct.unpack_from("<QQ", data, TOKENIZER_OFFSET)
    data = data[offset:offset + length]
    check(data[:8] == b"BPE1\2\0\0\0", "section of %s" % path)
    count, = struct.unpack_from("<I", data, 28)
    stops, absent, added, roles = struct.unpack_from("<4I", data, 48)
    at = 64 + 4 * stops
    absent_ids = struct.unpack_from("<%dI" % absent, data, at)
    at += 4 * absent
    for _ in range(added):
        at += 12 + struct.unpack_from("<I", data, at + 8)[0]
    at += 8 * roles
    pieces = {}
    for _ in range(count):
        i, size = struct.unpack_from("<II", data, at)
        pieces[i] = data[at + 8:at + 8 + size]
        at += 8 + size
    return pieces, absent_ids


def check_rows(path, tokenizer, model, roles):
    """Each id has the rows of the token that it is; `roles` by new id."""
    pieces, absent = read_section(path)
    source = {}
    for i, content in contents_of_tokens(tokenizer).items():
        source.setdefault(content, []).append(i)
    tensors = read_slm(path)
    for name, hf in (("tok_embeddings.weight", "model.embed_tokens.weight"),
                     ("output.weight", "lm_head.weight")):
        rows = tensors[name][0]
        check(len(rows) == 260 + len(pieces), "rows of %s" % path)
        for i, row in enumerate(rows):
            if i in absent:
                check(not row.any(), "absent id %d of %s" % (i, path))
                continue
            from_ids = ([roles[i]] if i in roles else
                        source[pieces.get(i, i)])
            check(any(np.array_equal(row, model[hf][j]) for j in from_ids),
                  "row %d of %s of %s" % (i, name, path))


def add_byte_level(tokenizer):
    """Adds a byte-level vocabulary to a GGUF writer, rows past it filled up."""
    def add(writer):
        vocab = {i: token for token, i in tokenizer.get_vocab().items()}
        merges = json.loads(tokenizer.to_str())["model"]["merges"]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list([vocab.get(i, "[PAD%d]" % i)
                               for i in range(ROWS)])
        types = gguf.TokenType
        writer.add_token_types(
            [types.CONTROL if i == 0 else
             types.NORMAL if i in vocab else types.UNUSED
             for i in range(ROWS)])
        writer.add_token_merges([" ".join(merge) for merge in merges])
        writer.add_eos_token_id(0)
        writer.add_add_bos_token(False)
    return add


def add_escaped(tokenizer):
    """As llama.cpp's conversion writes a SentencePiece vocabulary, with scores
    that give the merges of `tokenizer`."""
    def add(writer):
        vocab = {i: token for token, i in tokenizer.get_vocab().items()}
        merges = json.loads(tokenizer.to_str())["model"]["merges"]
        rank = {"".join(merge): i for i, merge in enumerate(merges)}
        types = gguf.TokenType
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_list([vocab.get(i, "[PAD%d]" % i)
                               for i in range(ROWS)])
        writer.add_token_scores([-float(rank.get(vocab.get(i), 1000))
                                 for i in range(ROWS)])
        writer.add_token_types(
            [types.UNKNOWN if i == 0 else types.CONTROL if i < 3 else
             types.BYTE if i < 259 else
             types.NORMAL if i in vocab else types.UNUSED
             for i in range(ROWS)])
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_add_space_prefix(True)
    return add


def check_tokenizers(pedigree, folder):
    """Checkpoints with tokenizers of their own."""
    model = random_model(ROWS)
    for name, tokenizer, ids, roles, add in (
            ("bytes", byte_level_tokenizer(), {"eos_token_id": 0}, {257: 0},
             add_byte_level),
            ("escaped", escaped_tokenizer(),
             {"bos_token_id": 1, "eos_token_id": [2]}, {256: 1, 257: 2, 259: 0},
             add_escaped)):
        hf = folder / name
        write_hf(hf, model, "float32")
        tokenizer.save(str(hf / "tokenizer.json"))
        (hf / "generation_config.json").write_text(json.dumps(ids))
        (hf / "tokenizer_config.json").write_text(json.dumps(
            {"model_max_length": 10 ** 30, "tokenizer_class": "Any"}))
        path = run_import(pedigree, "hf", [hf], None, folder / (name + ".slm"),
                          "f32")
        check_rows(path, tokenizer, model, roles)
        ggml = folder / (name + ".gguf")
        write_gguf(ggml, expected(model), gguf.GGMLQuantizationType.F32,
                   add(tokenizer))
        path = run_import(pedigree, "gguf", [ggml], None,
                          folder / (name + "-gguf.slm"), "source")
        check_rows(path, tokenizer, model, roles)


def main():
    pedigree = str(pathlib.Path(sys.argv[1]).resolve())
    model = random_model()
    tensors = expected(model)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        tokenizer = folder / "btok.tok"
        tokenizer.write_bytes(byte_tokenizer())
        files = []
        for dtype in ("float32", "float16", "bfloat16"):
            write_hf(folder / dtype, model, dtype)
            files.append(run_import(pedigree, "hf", [folder / dtype], tokenizer,
                                    folder / (dtype + ".slm"), "f32"))
        write_hf_shards(folder / "shards", model)
        files.append(run_import(pedigree, "hf", [folder / "shards"], tokenizer,
                                folder / "shards.slm", "f32"))
        types = gguf.GGMLQuantizationType
        for kind in (types.F32, types.F16, types.BF16):
            path = folder / (kind.name + ".gguf")
            write_gguf(path, tensors, kind)
            files.append(run_import(pedigree, "gguf", [path], tokenizer,
                                    folder / (kind.name + ".slm"), "source"))
        for path in files:
            imported = read_slm(path)
            check_values(imported, tensors, path.name)
            check_rope(model, imported)
            check(path.read_bytes() == files[0].read_bytes(),
                  "%s is the file of %s" % (path.name, files[0].name))
        rng = np.random.default_rng(5)
        rough = {name: rng.standard_normal(values.shape).astype(np.float32)
                 for name, values in tensors.items()}
        rough["layers.0.w1.weight"][3, :32] = 0  # a block whose scale is 0
        for kind in (types.Q8_0, types.Q4_0):
            path = folder / (kind.name + ".gguf")
            raw = write_gguf(path, rough, kind)
            out = run_import(pedigree, "gguf", [path], tokenizer,
                             folder / (kind.name + ".slm"), "source")
            data, stored = raw.pop("layers.0.w1.weight")
            imported = read_slm(out)
            check(not imported["layers.0.w1.weight"][0][3, :32].any(),
                  "a block of zeros")
            check(np.array_equal(
                imported["layers.0.w1.weight"][0],
                gguf.quants.dequantize(data, stored)), "values beside zeros")
            check_blocks(imported, raw, out.name)
        check_tokenizers(pedigree, folder)
    print("OK: %d checks, safetensors %s, gguf %s, tokenizers %s" %
          (checks, safetensors.__version__, importlib.metadata.version("gguf"),
           tokenizers.__version__))


if __name__ == "__main__":
    main()
