#!/usr/bin/env python3
"""Whether two threads are ever slower than one.

    runtime/bench/two_threads.py --ours=bazel-bin/pedigree MODEL.slm... [--pairs=20]

Runs `pedigree bench` with one thread and with two in turn, so that both of a pair
see the same minute of the machine, and tells the mean ratio of the rates (two to
one) with its lower 95 % bound (one-sided, Student's t of the ratios' logarithms).
Needs an otherwise idle machine of two cores.
"""

import argparse
import json
import math
import statistics
import subprocess

# Student's t, one-sided 95 %, by degrees of freedom.
T95 = {9: 1.833, 19: 1.729, 29: 1.699, 39: 1.685}


def rates(options, model, threads):
    report = json.loads(
        subprocess.run(
            [options.ours, "bench", model, f"--threads={threads}",
             f"--rounds={options.rounds}", "--no-machine", "--json"],
            check=True, stdout=subprocess.PIPE, text=True).stdout)
    return {step: float(report[f"{step}_tokens_per_second"])
            for step in ("decode", "prefill")}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--pairs", type=int, default=20,
                        choices=[n + 1 for n in T95])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("models", nargs="+", metavar="MODEL.slm")
    options = parser.parse_args()

    print("| model | step | 1 thread | 2 threads | ratio | lower bound |")
    print("| --- | --- | --- | --- | --- | --- |")
    for model in options.models:
        pairs = []
        for pair in range(options.pairs):
            order = (1, 2) if pair % 2 == 0 else (2, 1)
            found = {threads: rates(options, model, threads)
                     for threads in order}
            pairs.append((found[1], found[2]))
        for step in ("decode", "prefill"):
            logs = [math.log(two[step] / one[step]) for one, two in pairs]
            mean = statistics.mean(logs)
            error = statistics.stdev(logs) / math.sqrt(len(logs))
            bound = math.exp(mean - T95[len(logs) - 1] * error)
            print(f"| {model} | {step} "
                  f"| {statistics.median(one[step] for one, _ in pairs):.4g} "
                  f"| {statistics.median(two[step] for _, two in pairs):.4g} "
                  f"| {math.exp(mean):.3f} | {bound:.3f} |", flush=True)


if __name__ == "__main__":
    main()
