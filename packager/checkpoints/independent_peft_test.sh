#!/bin/sh
# Runs independent_peft.py with the Python in PEDIGREE_PYTHON, which has the
# packages of independent_peft.requirements.txt.
set -eu
exec "${PEDIGREE_PYTHON:?name a Python that has the pinned packages}" \
  packager/checkpoints/independent_peft.py "$1"
