"""WebAssembly modules that a host can instantiate with an empty imports object.

    slm_cc_binary(
        name = "adder_wasm",
        srcs = ["adder.cc"],
        linkopts = ["-sEXPORTED_FUNCTIONS=_add,_malloc,_free"],
        tags = ["manual"],
    )

    wasm_module(
        name = "adder",
        binary = ":adder_wasm",
        out = "adder.wasm",
        exports = ["add", "free", "malloc"],
    )

Functions are exported by the binary: by `-sEXPORTED_FUNCTIONS`, which takes C
names with an underscore in front and fails when one is missing, or in the
source by `__attribute__((export_name("add")))`, which a library keeps only when
it is `alwayslink`. Every module exports, besides, `memory`,
`__indirect_function_table` and `_initialize`, which runs static constructors
and must be called once before anything that needs them; more calls do nothing.

The module targets WebAssembly with SIMD, bulk memory, sign extension,
saturating conversions and mutable globals; no threads, exceptions or relaxed
SIMD. Its stack is 1 MiB, below the data, so overflow traps; its memory grows to
at most 4 GiB. It has no imports, see //third_party/emscripten:no_imports.c.
"""

load("//bazel:release_settings.bzl", "RELEASE_OUTPUTS", "only_target", "release_settings")

def _wasm_transition_impl(_settings, _attr):
    return release_settings("wasm32")

wasm_transition = transition(
    implementation = _wasm_transition_impl,
    inputs = [],
    outputs = RELEASE_OUTPUTS,
)

_DOC = """Builds a C++ binary as a WebAssembly module without imports.

The binary is compiled for //bazel/platforms:wasm32 under the release settings,
whatever the command line says, so the module's bytes are the same on every
machine. The build fails, naming each, when the module has an import or when
its exports are not `exports`."""

_ATTRS = {
    "binary": attr.label(
        doc = "The `cc_binary` to build for WebAssembly.",
        cfg = wasm_transition,
        mandatory = True,
    ),
    "exports": attr.string_list(
        doc = "The functions that the module must export, and no others." +
              " Default: empty, exports are not checked.",
    ),
    "out": attr.output(
        doc = "Name of the module, `<something>.wasm`.",
        mandatory = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
    "_check": attr.label(
        default = "//third_party/emscripten:check_module.mjs",
        allow_single_file = True,
    ),
    "_module_faults": attr.label(
        default = "//third_party/emscripten:module_faults.mjs",
        allow_single_file = True,
    ),
    "_node": attr.label(
        default = "@node//:bin/node",
        allow_single_file = True,
    ),
    "_node_files": attr.label(default = "@node//:files"),
}

def _wasm_module_impl(ctx):
    binary = only_target(ctx.attr.binary)
    linked = binary[DefaultInfo].files.to_list()
    if len(linked) != 1:
        fail("%s: want a cc_binary, which makes one file, got %d files" %
             (binary.label, len(linked)))
    args = ctx.actions.args()
    args.add(ctx.file._check)
    args.add(linked[0])
    args.add(ctx.outputs.out)
    args.add_all(ctx.attr.exports)
    ctx.actions.run(
        executable = ctx.file._node,
        arguments = [args],
        inputs = depset(
            [ctx.file._check, ctx.file._module_faults, linked[0]],
            transitive = [ctx.attr._node_files[DefaultInfo].files],
        ),
        outputs = [ctx.outputs.out],
        mnemonic = "WasmModule",
        progress_message = "Checking module %s" % ctx.outputs.out.short_path,
    )
    return [DefaultInfo(
        files = depset([ctx.outputs.out]),
        runfiles = ctx.runfiles([ctx.outputs.out]),
    )]

wasm_module = rule(
    implementation = _wasm_module_impl,
    attrs = _ATTRS,
    doc = _DOC,
)
