#!/bin/sh
# Runs independent_writers.py with the Python in PEDIGREE_PYTHON, which has the
# packages of independent_writers.requirements.txt.
set -eu
exec "${PEDIGREE_PYTHON:?name a Python that has the pinned packages}" \
  packager/checkpoints/independent_writers.py "$1"
