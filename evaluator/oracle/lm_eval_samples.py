#!/usr/bin/env python3
"""Imports what lm-evaluation-harness logs, and compares what both find.

    python3 -m venv v && v/bin/pip install lm_eval torch transformers tokenizers
    v/bin/python evaluator/oracle/lm_eval_samples.py --pedigree=bazel-bin/pedigree \
        --checkpoint=stories260K.bin --tokenizer=tok512.bin

Runs a task of multiple choice and one of generate_until, of documents made here,
with the harness's own --log_samples; turns the samples into cases by `pedigree
suite import` and runs them by `pedigree eval` on the same checkpoint. Exits with
1 unless each choice and each generated text is the same.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

import beside_lm_eval
from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

CHOICE_TASK = """
task: choice_task
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{folder}/choice.jsonl"}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{query}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{gold}}}}"
"""

UNTIL_TASK = """
task: until_task
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{folder}/until.jsonl"}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{query}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: [".", "!"], max_gen_toks: 24, do_sample: false}}
"""


def write_tasks(folder, prompts):
    endings = ["She was happy.", "He ran to the park.", "It was blue.",
               "They all went home to sleep."]
    with open(os.path.join(folder, "choice.jsonl"), "w") as file:
        for i, prompt in enumerate(prompts):
            file.write(json.dumps({"query": prompt, "choices": endings,
                                   "gold": i % len(endings)}) + "\n")
    with open(os.path.join(folder, "until.jsonl"), "w") as file:
        for prompt in prompts:
            file.write(json.dumps({"query": prompt, "answer": "x"}) + "\n")
    for name, text in (("choice", CHOICE_TASK), ("until", UNTIL_TASK)):
        with open(os.path.join(folder, name + ".yaml"), "w") as file:
            file.write(text.format(folder=folder))


def log_samples(lm, folder):
    """Samples as --log_samples writes them, by task."""
    results = simple_evaluate(
        model=lm, tasks=["choice_task", "until_task"], log_samples=True,
        task_manager=TaskManager(include_path=folder, include_defaults=False))
    tracker = EvaluationTracker(output_path=os.path.join(folder, "logged"))
    tracker.general_config_tracker.model_name_sanitized = "model"
    tracker.date_id = "date"
    for task, samples in results["samples"].items():
        tracker.save_results_samples(task, samples)
    return {task: glob.glob(os.path.join(
        folder, "logged", "**", f"samples_{task}_*.jsonl"), recursive=True)[0]
            for task in ("choice_task", "until_task")}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pedigree", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--cases", type=int, default=60)
    args = parser.parse_args()
    model = beside_lm_eval.load_model(args.checkpoint)
    tokenizer = beside_lm_eval.load_tokenizer(
        args.tokenizer, model.config.vocab_size)
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, device="cpu",
              dtype="float32", add_bos_token=True)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        write_tasks(folder, beside_lm_eval.make_prompts(args.cases))
        files = log_samples(lm, folder)
        pedigree = beside_lm_eval.Pedigree(
            args.pedigree, folder, args.checkpoint, args.tokenizer)
        for task, path in files.items():
            cases = os.path.join(folder, task + ".cases.jsonl")
            subprocess.run([pedigree.command, "suite", "import",
                            "--format=lm-eval", "--id-prefix=" + task,
                            "--out=" + cases, path], check=True)
            with open(cases) as file:
                sidecar, _ = pedigree.evaluate([json.loads(line) for line in file])
            with open(path) as file:
                samples = [json.loads(line) for line in file]
            for result, sample in zip(sidecar["cases"], samples, strict=True):
                if task == "choice_task":
                    theirs, ours = sample["acc"] == 1.0, result["passed"]
                else:
                    theirs, ours = sample["resps"][0][0], result["actual"]
                    theirs, ours = theirs.strip(), ours.strip()
                if theirs != ours:
                    wrong += 1
                    print(f"differs: {result['id']}: ours {ours!r}, theirs "
                          f"{theirs!r}")
            print(f"{task}: {len(samples)} samples, {sidecar['totals']['passed']} "
                  f"passed")
    print(f"{wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
