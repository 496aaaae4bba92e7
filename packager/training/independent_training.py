"""Trains what `pedigree train` trains, with PyTorch, and compares.

usage: independent_training.py SLM_PACK

Needs the packages of independent_training.requirements.txt. Initial values, the
order of the texts, the schedule, the model and AdamW are written here from
docs/training.md, in binary64, with PyTorch's own backward pass. Compared are the
gradient of every tensor at the first step, the loss of each of 25 steps, the weights
behind them, and the losses of an adapter trained beside that model. What is left is
the rounding of binary32.
"""

import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F

MASK = (1 << 64) - 1
BOS, EOS = 256, 257
SHAPE = dict(hidden_size=48, layer_count=3, head_count=4, kv_head_count=2, head_dim=16,
             ffn_size=72, max_context=32)
STEPS, BATCH, SEED = 25, 8, 5
RANK, ALPHA = 4, 8.0
TARGETS = ["wq", "wk", "wv", "wo", "w1", "w2", "w3"]


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def split_mix(state, index):
    z = (state + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def uniform(seed, name, rows, columns, divisor=1.0):
    values = [(split_mix(seed ^ fnv(name), i) >> 40) - (1 << 23)
              for i in range(rows * columns)]
    scale = math.sqrt(3 / columns) / divisor
    return torch.tensor(np.array(values, dtype=np.float64) / (1 << 23) * scale).reshape(
        rows, columns)


def tensor_list(shape, tied):
    heads = shape["head_count"] * shape["head_dim"]
    kv = shape["kv_head_count"] * shape["head_dim"]
    hidden, ffn = shape["hidden_size"], shape["ffn_size"]
    tensors = [("tok_embeddings.weight", (260, hidden))]
    for layer in range(shape["layer_count"]):
        tensors += [("layers.%d.%s.weight" % (layer, name), dims) for name, dims in [
            ("attn_norm", (hidden,)), ("wq", (heads, hidden)), ("wk", (kv, hidden)),
            ("wv", (kv, hidden)), ("wo", (hidden, heads)), ("ffn_norm", (hidden,)),
            ("w1", (ffn, hidden)), ("w3", (ffn, hidden)), ("w2", (hidden, ffn))]]
    tensors.append(("norm.weight", (hidden,)))
    if not tied:
        tensors.append(("output.weight", (260, hidden)))
    return tensors


def initial_weights(tied):
    weights = {}
    for name, dims in tensor_list(SHAPE, tied):
        if len(dims) == 1:
            weights[name] = torch.ones(dims, dtype=torch.float64)
            continue
        residual = name.endswith(".wo.weight") or name.endswith(".w2.weight")
        divisor = math.sqrt(2 * SHAPE["layer_count"]) if residual else 1.0
        weights[name] = uniform(SEED, name, dims[0], dims[1], divisor)
    return {name: torch.nn.Parameter(value) for name, value in weights.items()}


def rope(x, cosines, sines):
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cosines - b * sines, a * sines + b * cosines), -1).flatten(-2)


class Model:
    def __init__(self, weights, factors=None):
        self.weights = weights
        self.factors = factors or {}

    def product(self, name, x):
        y = x @ self.weights[name].T
        if name in self.factors:
            a, b = self.factors[name]
            y = y + ALPHA / RANK * ((x @ a.T) @ b.T)
        return y

    def norm(self, name, x):
        return x / torch.sqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weights[name]

    def logits(self, ids):
        count, dim = len(ids), SHAPE["head_dim"]
        frequencies = 10000.0 ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
        angles = torch.arange(count, dtype=torch.float64)[:, None] * frequencies
        cosines, sines = angles.cos(), angles.sin()
        x = self.weights["tok_embeddings.weight"][ids]
        group = SHAPE["head_count"] // SHAPE["kv_head_count"]
        for layer in range(SHAPE["layer_count"]):
            at = "layers.%d." % layer
            n = self.norm(at + "attn_norm.weight", x)
            q, k, v = [self.product(at + w + ".weight", n).reshape(count, -1, dim).transpose(0, 1)
                       for w in ("wq", "wk", "wv")]
            q, k = rope(q, cosines, sines), rope(k, cosines, sines)
            k, v = k.repeat_interleave(group, 0), v.repeat_interleave(group, 0)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.product(at + "wo.weight", mixed.transpose(0, 1).reshape(count, -1))
            n = self.norm(at + "ffn_norm.weight", x)
            gate = F.silu(self.product(at + "w1.weight", n))
            x = x + self.product(at + "w2.weight", gate * self.product(at + "w3.weight", n))
        output = "output.weight" if "output.weight" in self.weights else "tok_embeddings.weight"
        return self.norm("norm.weight", x) @ self.weights[output].T

    def loss(self, texts):
        losses = []
        for ids, first_target in texts:
            ids = torch.tensor(ids)
            rows = self.logits(ids[:-1])[first_target - 1:]
            losses.append(F.cross_entropy(rows, ids[first_target:], reduction="none"))
        return torch.cat(losses).mean()


def batches(texts, seed):
    seed ^= fnv("data order")
    epoch, order = 0, []
    while True:
        batch = []
        while len(batch) < BATCH:
            if not order:
                state = split_mix(seed, epoch)
                epoch += 1
                order = list(range(len(texts)))
                for i in range(len(texts) - 1, 0, -1):
                    j = (split_mix(state, i) * (i + 1)) >> 64
                    order[i], order[j] = order[j], order[i]
            batch.append(texts[order.pop(0)])
        yield batch


def train(model, parameters, texts, rate, warmup, decay, clip, seed):
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=1.0,
                                  betas=(0.9, 0.99), eps=1e-8)
    losses, first_gradients = [], None
    source = batches(texts, seed)
    for step in range(1, STEPS + 1):
        if step <= warmup:
            now = rate * step / warmup
        else:
            now = rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (STEPS - warmup)))
        for group in optimizer.param_groups:
            group["lr"] = now
        optimizer.zero_grad()
        loss = model.loss(next(source))
        loss.backward()
        if first_gradients is None:
            first_gradients = [p.grad.clone() for p in parameters]
        norm = math.sqrt(sum(float(p.grad.square().sum()) for p in parameters))
        for p in parameters:
            p.grad *= min(1.0, clip / norm)
        optimizer.step()
        losses.append(float(loss))
    return losses, first_gradients


def read_slm(path, tied):
    data = path.read_bytes()
    directory, = struct.unpack_from("<Q", data, 80)
    weights = {}
    for i, (name, dims) in enumerate(tensor_list(SHAPE, tied)):
        offset, length = struct.unpack_from("<QQ", data, directory + 64 * i + 32)
        values = np.frombuffer(data[offset:offset + length], dtype="<f4")
        weights[name] = torch.tensor(values.astype(np.float64)).reshape(dims)
    return weights


def config(extra, **settings):
    lines = ['schema_version: "pedigree.training_config.v1"', extra]
    lines += ["%s: %s" % item for item in settings.items()]
    return "\n".join(lines)


def shape_text(tied):
    fields = " ".join("%s: %d" % item for item in SHAPE.items())
    return "shape { %s tied_output: %s }" % (fields, "true" if tied else "false")


def compare(what, found, expected, tolerance):
    found, expected = torch.as_tensor(found), torch.as_tensor(expected)
    error = float((found - expected).norm() / expected.norm())
    print("%-50s relative difference %.1e" % (what, error))
    if not error <= tolerance:
        sys.exit("%s: off by %g (at most %g)" % (what, error, tolerance))


def make_texts(folder):
    lines, texts = [], []
    for i in range(60):
        a, b = (i * 37) % 90 + 10, (i * 53) % 90 + 10
        prompt, answer = "%d+%d=" % (a, b), "%d" % (a + b)
        lines.append(json.dumps({"prompt": prompt, "answer": answer}))
        texts.append(([BOS] + list((prompt + answer).encode()) + [EOS], 1 + len(prompt)))
        word = "text %d" % (i * i)
        lines.append(json.dumps({"text": word}))
        texts.append(([BOS] + list(word.encode()) + [EOS], 1))
    (folder / "data.jsonl").write_text("\n".join(lines) + "\n")
    return texts


def run(slm_pack, folder, *arguments):
    subprocess.run([slm_pack, *arguments], cwd=folder, check=True)


def curve(folder, name):
    receipt = json.loads((folder / (name + ".receipt.json")).read_text())
    return [float(point["loss"]) for point in receipt["training"]["curve"]]


def check_model(slm_pack, folder, texts, tied):
    what = "tied" if tied else "untied"
    weights = initial_weights(tied)
    parameters = list(weights.values())
    model = Model(weights)
    losses, gradients = train(model, parameters, texts, 0.01, 5, 0.05, 1.0, SEED)
    # A step of AdamW without memory, by g / (|g| + 1) each: tells the gradients.
    (folder / "probe.textproto").write_text(config(
        shape_text(tied), steps=1, batch=BATCH, learning_rate='"10"', last_learning_rate='"10"',
        warmup_steps=0, seed=SEED, beta1='"0"', beta2='"0"', epsilon='"1"', clip_norm='"0"'))
    run(slm_pack, folder, "train", "probe.textproto", "--data=data.jsonl", "--out=probe.slm")
    start = initial_weights(tied)
    for (name, value), gradient in zip(read_slm(folder / "probe.slm", tied).items(), gradients):
        moved = (start[name].detach() - value) / 10
        compare("%s: gradient of %s" % (what, name), moved / (1 - moved.abs()), gradient, 1e-5)
    (folder / "model.textproto").write_text(config(
        shape_text(tied), steps=STEPS, batch=BATCH, learning_rate='"0.01"', warmup_steps=5,
        weight_decay='"0.05"', seed=SEED, report_every=1))
    run(slm_pack, folder, "train", "model.textproto", "--data=data.jsonl", "--out=model.slm")
    compare("%s: losses of %d steps" % (what, STEPS), curve(folder, "model.slm"), losses, 1e-5)
    for name, value in read_slm(folder / "model.slm", tied).items():
        compare("%s: %s" % (what, name), value, weights[name].detach(), 1e-4)


def check_adapter(slm_pack, folder, texts):
    """Beside the untied model that check_model left."""
    weights = read_slm(folder / "model.slm", False)
    factors, parameters = {}, []
    for name, dims in tensor_list(SHAPE, False):
        if name.split(".")[-2] not in TARGETS:
            continue
        a = torch.nn.Parameter(uniform(SEED, name + ".a", RANK, dims[1]))
        b = torch.nn.Parameter(torch.zeros(dims[0], RANK, dtype=torch.float64))
        factors[name] = (a, b)
        parameters += [a, b]
    losses, _ = train(Model(weights, factors), parameters, texts[::-1], 0.02, 0, 0.0, 1e9, SEED)
    (folder / "reversed.jsonl").write_text("\n".join(
        (folder / "data.jsonl").read_text().split("\n")[::-1]))
    targets = " ".join('targets: "%s"' % target for target in TARGETS)
    (folder / "adapter.textproto").write_text(config(
        'factors { rank: %d alpha: "%g" %s }' % (RANK, ALPHA, targets), steps=STEPS, batch=BATCH,
        learning_rate='"0.02"', seed=SEED, clip_norm='"0"', report_every=1))
    run(slm_pack, folder, "adapter", "train", "adapter.textproto", "--parent=model.slm",
        "--data=reversed.jsonl", "--out=model.adapter")
    compare("adapter: losses of %d steps" % STEPS, curve(folder, "model.adapter"), losses, 1e-5)


def main():
    slm_pack = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        texts = make_texts(folder)
        check_model(slm_pack, folder, texts, tied=True)
        check_model(slm_pack, folder, texts, tied=False)
        check_adapter(slm_pack, folder, texts)
    print("PyTorch %s agrees" % torch.__version__)


if __name__ == "__main__":
    main()
