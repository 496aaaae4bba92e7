#!/bin/sh
# em++ for the link step: runs link.py, beside this script, by the pinned
# Python. The toolchain names the tools in PEDIGREE_WASM_*, relative to the
# working directory, which is Bazel's execution root.
exec "$PEDIGREE_WASM_PYTHON" "${0%/*}/link.py" "$@"
