#!/usr/bin/env python3
"""Training steps beside PyTorch's, in turn.

    packager/training/beside_torch.py [--rounds=5] [--threads=1,2] [--batch=64] [--length=32]
        [--steps=20] --ours=bazel-bin/packager/training/training_benchmark

The parent's shape of //fixtures/family, in binary32: forward, backward, clipping by the
global norm and AdamW, on texts of one length, which need no padding and so suit PyTorch
best. Its model is written for speed: one dense batch, scaled_dot_product_attention, fused
AdamW. A round runs both once, one after the other, so that a pair sees the same minute
of the machine; each tells its best step. One thread is timed by processor time, several
by the clock. Needs the packages of independent_training.requirements.txt.
"""

import argparse
import math
import re
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

VOCAB, HIDDEN, LAYERS, HEADS, FFN = 260, 96, 4, 4, 256


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attn_norm = torch.nn.RMSNorm(HIDDEN, 1e-5)
        self.qkv = torch.nn.Linear(HIDDEN, 3 * HIDDEN, bias=False)
        self.wo = torch.nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.ffn_norm = torch.nn.RMSNorm(HIDDEN, 1e-5)
        self.w13 = torch.nn.Linear(HIDDEN, 2 * FFN, bias=False)
        self.w2 = torch.nn.Linear(FFN, HIDDEN, bias=False)

    def forward(self, x, cosines, sines):
        count, length, _ = x.shape
        qkv = self.qkv(self.attn_norm(x)).view(count, length, 3, HEADS, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(
            turn(q, cosines, sines), turn(k, cosines, sines), v, is_causal=True)
        x = x + self.wo(mixed.transpose(1, 2).reshape(count, length, HIDDEN))
        gate, up = self.w13(self.ffn_norm(x)).chunk(2, -1)
        return x + self.w2(F.silu(gate) * up)


def turn(x, cosines, sines):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cosines - b * sines, a * sines + b * cosines), -1)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = torch.nn.Embedding(VOCAB, HIDDEN)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = torch.nn.RMSNorm(HIDDEN, 1e-5)

    def forward(self, ids):
        dim = HIDDEN // HEADS
        frequencies = 10000.0 ** (-torch.arange(0, dim, 2) / dim)
        angles = torch.arange(ids.shape[1])[:, None] * frequencies
        cosines, sines = angles.cos(), angles.sin()
        x = self.embeddings(ids)
        for layer in self.layers:
            x = layer(x, cosines, sines)
        return self.norm(x) @ self.embeddings.weight.T


def theirs(options, threads):
    """Tokens a second of the best step."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    now = time.process_time if threads == 1 else time.perf_counter
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), fused=True)
    ids = torch.randint(0, VOCAB, (options.batch, options.length + 1))
    best = math.inf
    for _ in range(options.steps):
        start = now()
        optimizer.zero_grad(set_to_none=True)
        logits = model(ids[:, :-1])
        F.cross_entropy(logits.reshape(-1, VOCAB), ids[:, 1:].reshape(-1)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        best = min(best, now() - start)
    return options.batch * options.length / best


def ours(options, threads):
    """Tokens a second of the best step, and the line that tells it."""
    done = subprocess.run(
        [options.ours, f"--hidden={HIDDEN}", f"--layers={LAYERS}", f"--heads={HEADS}",
         f"--ffn={FFN}",
         f"--batch={options.batch}", f"--length={options.length}",
         f"--steps={options.steps}", f"--threads={threads}"],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{options.ours} failed: {done.stderr.strip()}")
    line = done.stdout.strip()
    return float(re.search(r"([0-9]+) tokens/s", line).group(1)), line


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ours", required=True, help="the program training_benchmark")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    print(f"PyTorch {torch.__version__}, batch {options.batch}, length {options.length}, "
          f"{options.rounds} rounds")
    for threads in map(int, options.threads.split(",")):
        pairs = []
        for _ in range(options.rounds):
            rate, line = ours(options, threads)
            pairs.append((rate, theirs(options, threads)))
            print("  " + line, flush=True)
        print(f"threads {threads}: ours {statistics.median(a for a, _ in pairs):.0f}, "
              f"PyTorch {statistics.median(b for _, b in pairs):.0f} tokens/s, ratio "
              f"{statistics.median(a / b for a, b in pairs):.2f} "
              f"({min(a / b for a, b in pairs):.2f} to {max(a / b for a, b in pairs):.2f})")


if __name__ == "__main__":
    main()
