#!/bin/sh
# kernels_benchmark_test.sh PROGRAM: each kernel on the smaller shapes, once;
# times are not looked at.
set -eu
"$1" --benchmark_min_time=1x --benchmark_filter=-1.1B --benchmark_format=csv \
  > "$TEST_TMPDIR/out.csv"
for name in mat_mul/f32/110M_w1/tokens:1 mat_mul/q8_0_row/15M_wq/tokens:64 \
  mat_mul/q8_0_block32/15M_w2/tokens:8 mat_mul/q4_0_block32/110M_w2/tokens:64 \
  quantize/288/tokens:1 rms_norm/768/tokens:1 swiglu/5632/tokens:1 \
  add/2048/tokens:1 rope/64/tokens:1 all_finite/768/tokens:1 \
  attend/64x1024/tokens:8 arg_max/32000/tokens:1; do
  # Column 9 holds what went wrong, column 6 the bytes a second.
  grep "^\"$name/scalar\"," "$TEST_TMPDIR/out.csv" |
    awk -F, '$6 > 0 && $9 == "" { ok = 1 } END { exit !ok }' || {
    echo "FAILED: no good line for $name/scalar" >&2
    exit 1
  }
done
