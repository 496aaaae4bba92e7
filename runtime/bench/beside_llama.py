#!/usr/bin/env python3
"""Decode and prefill rates beside llama.cpp's, engines in turn.

    runtime/bench/beside_llama.py [--rounds=5] [--threads=1,2] [--prompt=512]
        [--new=128] --ours=bazel-bin/pedigree --theirs=LLAMA_BENCH...
        MODEL.slm:MODEL.gguf...

A round runs both engines once, one after the other, so that a pair sees the same
minute of the machine. Told are the medians of the rates (tokens/s) and of the
pairs' ratios. Given several builds of llama-bench, each round takes the fastest.
Needs an otherwise idle machine, llama-bench and models; see README.md.
"""

import argparse
import json
import statistics
import subprocess
import sys


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


def ours(options, model, threads):
    report = json.loads(run([
        options.ours, "bench", model, f"--threads={threads}", "--rounds=1",
        f"--prompt-tokens={options.prompt}", f"--new-tokens={options.new}",
        "--no-machine", "--json"
    ]))
    return {
        "decode": float(report["decode_tokens_per_second"]),
        "prefill": float(report["prefill_tokens_per_second"]),
    }


def theirs(options, model, threads):
    best = {"decode": 0.0, "prefill": 0.0}
    for program in options.theirs:
        for row in json.loads(run([
            program, "-m", model, "-t", str(threads), "-p", str(options.prompt),
            "-n", str(options.new), "-r", "1", "-o", "json"
        ])):
            kind = "decode" if row["n_gen"] > 0 else "prefill"
            best[kind] = max(best[kind], row["avg_ts"])
    return best


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--theirs", required=True, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("models", nargs="+", metavar="SLM:GGUF")
    options = parser.parse_args()

    print("| model | threads | step | ours | llama.cpp | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for pair in options.models:
        slm, _, gguf = pair.partition(":")
        for threads in map(int, options.threads.split(",")):
            rounds = [(ours(options, slm, threads), theirs(options, gguf, threads))
                      for _ in range(options.rounds)]
            for step in ("decode", "prefill"):
                left = [mine[step] for mine, _ in rounds]
                right = [other[step] for _, other in rounds]
                ratio = statistics.median(a / b for a, b in zip(left, right))
                print(f"| {slm} | {threads} | {step} | "
                      f"{statistics.median(left):.4g} | "
                      f"{statistics.median(right):.4g} | {ratio:.2f} |",
                      flush=True)


if __name__ == "__main__":
    main()
