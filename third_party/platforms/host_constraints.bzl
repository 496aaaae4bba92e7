"""Constraints of the machine that builds; this project builds on one kind."""

HOST_CONSTRAINTS = [
    "@platforms//cpu:x86_64",
    "@platforms//os:linux",
]
