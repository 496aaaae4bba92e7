#!/bin/sh
# Runs independent_training.py with the Python in PEDIGREE_PYTHON, which has the
# packages of independent_training.requirements.txt.
set -eu
exec "${PEDIGREE_PYTHON:?name a Python that has the pinned packages}" \
  packager/training/independent_training.py "$1"
