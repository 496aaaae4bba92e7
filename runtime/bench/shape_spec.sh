#!/bin/sh
# Prints the mock spec of a shape that engines are compared on: random weights and
# a vocabulary of 32,000.
#
#   runtime/bench/shape_spec.sh 15M|110M|1.1B > spec.textproto
#   bazel-bin/pedigree import --format=mock spec.textproto --dtype=q8_0 --out=m.slm
set -eu

# hidden_size layer_count head_count kv_head_count head_dim ffn_size tied_output
case ${1-} in
  15M) set -- 288 6 6 6 48 768 true ;;
  110M) set -- 768 12 12 12 64 2048 true ;;
  1.1B) set -- 2048 22 32 4 64 5632 false ;;
  *)
    echo "usage: runtime/bench/shape_spec.sh 15M|110M|1.1B" >&2
    exit 2
    ;;
esac

cat << SPEC
schema_version: "pedigree.model_spec.v1"
hidden_size: $1
layer_count: $2
head_count: $3
kv_head_count: $4
head_dim: $5
ffn_size: $6
max_context: 2048
tied_output: $7
rope_theta: "10000"
rms_norm_epsilon: "0.00001"
seed: 1
embedding_scale: "1"
weight_scale: "0.05"
output_scale: "0.05"
norm_scale: "0.1"
SPEC

# 31,740 pieces of two bytes; 260 ids are bytes and specials.
awk 'BEGIN {
  for (i = 0; i < 31740; ++i) {
    printf "pieces { left: \"\\%03o\" right: \"\\%03o\" }\n", i / 256, i % 256
  }
}'
