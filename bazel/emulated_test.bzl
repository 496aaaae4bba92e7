"""Tests that run on a processor that the machine is not: under the pinned QEMU.

    emulated_test(
        name = "kernels_neon_test",
        test = ":kernels_test",
        platform = "linux_aarch64",
        cpu = "max",
        env = {"PEDIGREE_KERNEL_CASES": "40"},
    )

The test is built under the release settings for its platform, whatever the
command line says, so a sanitizer would watch nothing: tests carry the tag
"emulated", by which ci/sanitizers.sh leaves them out.
"""

load("//bazel:release_settings.bzl", "RELEASE_OUTPUTS", "only_target", "release_settings")

def _emulated_transition_impl(_settings, attr):
    return release_settings(attr.platform)

_emulated_transition = transition(
    implementation = _emulated_transition_impl,
    inputs = [],
    outputs = RELEASE_OUTPUTS,
)

# Programs for Arm are static; those for x86-64 load the sysroot's C library, not
# the machine's, whose own paths QEMU would follow.
_LAUNCHER = """#!/bin/sh
set -eu
runfiles=${{TEST_SRCDIR:-$0.runfiles}}
case $runfiles in
  /*) ;;
  *) runfiles=$PWD/$runfiles ;;
esac
cd "$runfiles/{workspace}"
{env}exec ./{qemu} -cpu {cpu} -L "$runfiles/{sysroot}" \\
  -E LD_LIBRARY_PATH=/lib/x86_64-linux-gnu ./{test} "$@"
"""

def _emulated_test_impl(ctx):
    test = only_target(ctx.attr.test)
    executable = test[DefaultInfo].files_to_run.executable
    qemu = {
        "linux_aarch64": ctx.file._qemu_aarch64,
        "linux_x86_64": ctx.file._qemu_x86_64,
    }[ctx.attr.platform]
    launcher = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        launcher,
        _LAUNCHER.format(
            cpu = ctx.attr.cpu,
            env = "".join([
                "export %s='%s'\n" % (name, ctx.attr.env[name])
                for name in sorted(ctx.attr.env)
            ]),
            qemu = qemu.short_path,
            sysroot = ctx.attr._sysroot.label.workspace_name,
            test = executable.short_path,
            workspace = ctx.workspace_name,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(
        files = [executable, qemu],
        transitive_files = ctx.attr._sysroot[DefaultInfo].files,
    )
    return [DefaultInfo(
        executable = launcher,
        runfiles = runfiles.merge(test[DefaultInfo].default_runfiles),
    )]

_emulated_test = rule(
    implementation = _emulated_test_impl,
    doc = "Runs a test under QEMU; it passes when the test does.",
    attrs = {
        "cpu": attr.string(
            doc = "The processor, as `qemu -cpu` takes it.",
            mandatory = True,
        ),
        "env": attr.string_dict(
            doc = "The test's environment; values without single quotes.",
        ),
        "platform": attr.string(
            doc = "What to build for: a target of //bazel/platforms.",
            mandatory = True,
            values = ["linux_aarch64", "linux_x86_64"],
        ),
        "test": attr.label(
            doc = "The `cc_test`.",
            cfg = _emulated_transition,
            executable = True,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_qemu_aarch64": attr.label(
            default = "@qemu//:usr/bin/qemu-aarch64-static",
            allow_single_file = True,
        ),
        "_qemu_x86_64": attr.label(
            default = "@qemu//:usr/bin/qemu-x86_64-static",
            allow_single_file = True,
        ),
        "_sysroot": attr.label(default = "@pedigree_sysroot//:libraries"),
    },
    test = True,
)

def emulated_test(name, tags = [], **kwargs):
    """Runs a test under QEMU.

    Args:
      name: name of the test.
      tags: further tags.
      **kwargs: see the rule above.
    """
    _emulated_test(name = name, tags = tags + ["emulated"], **kwargs)
