#!/bin/sh
# native_outputs.sh RUNTIME FOLDER: runs the native runtime on the files that
# wasm_test_files put into the folder and adds what it puts out, a file a run.
set -eu
runtime=$1
folder=$2
manifest=$folder/suite.json  # any file: only its digest enters the sidecar

for kind in f32 q8_0 q8_0_block q4_0; do
  model=$folder/$kind.slm
  set -- "--adapter=$folder/$kind.adp1" "--adapter=$folder/$kind.asp1" \
    "--adapter=$folder/$kind.alr1"
  "$runtime" eval "$model" --suite="$folder/suite.json" \
    --manifest="$manifest" --out="$folder/$kind.sidecar.json"
  "$runtime" eval "$model" "$@" --suite="$folder/suite.json" \
    --manifest="$manifest" --out="$folder/$kind.adapted.sidecar.json"
  "$runtime" generate "$model" --prompt='Once upon' --max-new-tokens=30 \
    > "$folder/$kind.greedy.txt"
  "$runtime" generate "$model" --prompt='Once upon' --max-new-tokens=30 \
    --temperature=1.25 --top-k=200 --top-p=0.95 --seed=12345678901234567890 \
    > "$folder/$kind.sampled.txt"
  "$runtime" generate "$model" "$@" --prompt='Once upon' \
    --max-new-tokens=30 --temperature=0.5 --top-k=1024 --seed=0 \
    > "$folder/$kind.adapted.txt"
done
