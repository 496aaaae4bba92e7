"""Checks that a shipped program runs on any x86-64 processor."""

def cpu_models_test(name, binary, models, **kwargs):
    """Tests a program that generates text: on older processors it says the same.

    It runs on this machine and, under the pinned QEMU, on processors without SSE4,
    without AVX2 and with both. Each must list the kernels that it can run and give
    the texts of this machine, byte for byte.

    Args:
      name: name of the test.
      binary: label of the program.
      models: labels of `.slm` files to generate with.
      **kwargs: as for sh_test.
    """
    qemu = "@qemu//:usr/bin/qemu-x86_64-static"
    loader = "@pedigree_sysroot//:lib64/ld-linux-x86-64.so.2"
    native.sh_test(
        name = name,
        srcs = ["//bazel:cpu_models_test.sh"],
        args = [
            "$(rootpath %s)" % label
            for label in [qemu, loader, binary] + models
        ],
        data = models + [
            binary,
            loader,
            qemu,
            "@pedigree_sysroot//:libraries",
        ],
        size = "small",
        tags = ["emulated"],
        **kwargs
    )
