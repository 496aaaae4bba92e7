#!/bin/sh
# cpu_models_test.sh QEMU LOADER PROGRAM MODEL...; see cpu_models_test.bzl.
set -eu
qemu=$1 sysroot=${2%/lib64/*} program=$3
shift 3

# on CPU ARGUMENT...: the program on that processor, with the sysroot's C library.
on() {
  cpu=$1
  shift
  "./$qemu" -cpu "$cpu" -L "$PWD/$sysroot" \
    -E LD_LIBRARY_PATH=/lib/x86_64-linux-gnu "$program" "$@"
}

fail() {
  echo "$program: $1" >&2
  exit 1
}

# texts RUN...: what a program says, greedily and drawn at random.
texts() {
  for model in $models; do
    for how in --temperature=0 "--temperature=1 --top-k=40 --seed=7"; do
      # shellcheck disable=SC2086  # $how is several arguments
      "$@" generate "$model" --prompt=abcab --max-new-tokens=48 $how
    done
  done
}

models=$*
texts "$program" > "$TEST_TMPDIR/native"
[ -s "$TEST_TMPDIR/native" ] || fail "generates no text"

for cpu in qemu64:scalar Nehalem:'scalar, sse4' max:'scalar, sse4, avx2'; do
  kernels=${cpu#*:}
  cpu=${cpu%%:*}
  texts on "$cpu" > "$TEST_TMPDIR/emulated" || fail "does not run on $cpu"
  cmp "$TEST_TMPDIR/native" "$TEST_TMPDIR/emulated" ||
    fail "says something else on $cpu"
  if on "$cpu" generate "$1" --prompt=a --max-new-tokens=1 --target=none \
    2> "$TEST_TMPDIR/refusal"; then
    fail "takes --target=none on $cpu"
  fi
  grep -qF "(this machine has $kernels)" "$TEST_TMPDIR/refusal" || {
    cat "$TEST_TMPDIR/refusal" >&2
    fail "wants kernels \"$kernels\" on $cpu"
  }
  echo "$cpu: OK, with $kernels"
done
