"""Configuration of the WebAssembly toolchain: clang 19, linked by Emscripten.

Sources are compiled by clang itself, with the flags that em++ would pass: no
Python starts, and a compile declares headers and clang only. Modules are linked
by em++ (link.sh), archives made by llvm-ar.

Floating point follows the source: no contraction, no fast-math, no relaxed
SIMD. No exceptions, no type information, no threads.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "action_config",
    "env_entry",
    "env_set",
    "feature",
    "flag_group",
    "flag_set",
    "tool",
    "variable_with_value",
    "with_feature_set",
)
load("//third_party:path_map.bzl", "path_map_flags")

_C_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.preprocess_assemble,
]

_CXX_COMPILE = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.linkstamp_compile,
]

_COMPILE = _C_COMPILE + _CXX_COMPILE

_LINK = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# What the host may count on.
_STACK_SIZE = "1MB"
_MAXIMUM_MEMORY = "4GB"

# Also given to the linker, which passes it on to Binaryen. Threads, exceptions,
# tail calls and relaxed SIMD stay off: they are off by default in clang 19.
_MACHINE = [
    "-msimd128",
    "-mbulk-memory",
]

# Of LLVM, as em++ gives them: what Binaryen does better, or would undo.
_CODE_GENERATION = [
    "-combiner-global-alias-analysis=false",
    "-enable-emscripten-sjlj",
    "-disable-lsr",
]

def _flags(name, sets, requires = []):
    return feature(
        name = name,
        enabled = True,
        flag_sets = [
            flag_set(
                actions = actions,
                flag_groups = [flag_group(flags = flags)],
                with_features = requires,
            )
            for actions, flags in sets
        ],
    )

def _variable_flags(name, actions, variable):
    return feature(
        name = name,
        enabled = True,
        flag_sets = [flag_set(
            actions = actions,
            flag_groups = [flag_group(
                flags = ["%{" + variable + "}"],
                iterate_over = variable,
                expand_if_available = variable,
            )],
        )],
    )

def _env(key, value):
    return env_entry(key = "PEDIGREE_WASM_" + key, value = value)

def _archiver_flags():
    return feature(
        name = "archiver_flags",
        enabled = True,
        flag_sets = [flag_set(
            actions = [ACTION_NAMES.cpp_link_static_library],
            flag_groups = [
                flag_group(flags = ["rcsD"]),
                flag_group(
                    flags = ["%{output_execpath}"],
                    expand_if_available = "output_execpath",
                ),
                flag_group(
                    iterate_over = "libraries_to_link",
                    expand_if_available = "libraries_to_link",
                    flag_groups = [
                        flag_group(
                            flags = ["%{libraries_to_link.name}"],
                            expand_if_equal = variable_with_value(
                                name = "libraries_to_link.type",
                                value = "object_file",
                            ),
                        ),
                        flag_group(
                            flags = ["%{libraries_to_link.object_files}"],
                            iterate_over = "libraries_to_link.object_files",
                            expand_if_equal = variable_with_value(
                                name = "libraries_to_link.type",
                                value = "object_file_group",
                            ),
                        ),
                    ],
                ),
            ],
        )],
    )

def _each(option, values):
    return [word for value in values for word in [option, value]]

def _features(ctx, llvm, emscripten):
    resource = llvm + "/lib/clang/19"
    compile = [
        "--target=wasm32-unknown-emscripten",
        "--sysroot=" + emscripten + "/cache/sysroot",
        "-resource-dir=" + resource,
        "-no-canonical-prefixes",
        "-DEMSCRIPTEN",
        "-Xclang",
        "-iwithsysroot/include/compat",
    ] + _each("-mllvm", _CODE_GENERATION) + [
        "-fignore-exceptions",
        "-fno-exceptions",
        "-ffp-contract=off",
        "-fno-fast-math",
        "-Wdate-time",
        "-Wno-builtin-macro-redefined",
        "-D__DATE__=\"redacted\"",
        "-D__TIMESTAMP__=\"redacted\"",
        "-D__TIME__=\"redacted\"",
    ] + path_map_flags()
    link = [
        "-fno-exceptions",
        "-fno-rtti",
        "--oformat=wasm",
        # A library that its host calls, see no_imports.c: no main, no crt1, no
        # WASI host, no JavaScript.
        "--no-entry",
        "-nostartfiles",
        "-sSTANDALONE_WASM",
        "-sPURE_WASI",
        "-sFILESYSTEM=0",
        "-sAUTO_NATIVE_LIBRARIES=0",
        "-sALLOW_MEMORY_GROWTH",
        # The smallest.
        "-sMALLOC=emmalloc",
        "-sMAXIMUM_MEMORY=" + _MAXIMUM_MEMORY,
        # Below the data, so that overflow traps and overwrites nothing.
        "-sSTACK_SIZE=" + _STACK_SIZE,
        "-Wl,--stack-first",
    ]
    return [
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "opt"),
        _flags("default_flags", [
            (_COMPILE, compile + _MACHINE),
            (_CXX_COMPILE, ["-std=c++17", "-fno-rtti"]),
            (_LINK, link + _MACHINE),
        ]),
        _flags(
            "optimization",
            # For size; targets that hold inner loops ask for more. The whole
            # program is optimized at once, with the libraries of the system.
            [
                (_COMPILE, ["-Oz", "-flto", "-g0", "-DNDEBUG"]),
                (_LINK, ["-Os", "-flto"] + [
                    "-Wl,-mllvm," + option
                    for option in _CODE_GENERATION + ["-inline-threshold=0"]
                ]),
            ],
            [with_feature_set(features = ["opt"])],
        ),
        _flags(
            "no_optimization",
            # Linking without optimization would take debugging libraries, which
            # the repository leaves out.
            [(_COMPILE, ["-O0", "-g"]), (_LINK, ["-O1"])],
            [with_feature_set(features = ["dbg"])],
        ),
        _flags(
            "fast_build",
            [(_COMPILE, ["-O1", "-g0"]), (_LINK, ["-O1"])],
            [with_feature_set(features = ["fastbuild"])],
        ),
        feature(
            name = "link_environment",
            enabled = True,
            env_sets = [env_set(
                actions = _LINK,
                env_entries = [
                    _env("BINARYEN", ctx.file.wasm_opt.dirname[:-len("/bin")]),
                    _env("EMSCRIPTEN", emscripten),
                    _env("LLVM_BIN", llvm + "/bin"),
                    _env("NODE", ctx.file.node.path),
                    _env("PYTHON", ctx.file.python.path),
                ],
            )],
        ),
        _variable_flags(
            "user_compile_flags",
            _COMPILE,
            "user_compile_flags",
        ),
        _variable_flags("user_link_flags", _LINK, "user_link_flags"),
        _archiver_flags(),
    ]

def _action_configs(ctx):
    # The flags that every cc action needs and Bazel defines: outputs, inputs,
    # include paths, dependency files.
    compile = [
        "user_compile_flags",
        "compiler_input_flags",
        "compiler_output_flags",
    ]
    link = [
        "output_execpath_flags",
        "libraries_to_link",
        "user_link_flags",
        "linker_param_file",
    ]
    configs = []
    for names, program, implies in [
        (_C_COMPILE, ctx.file.clang, compile),
        (_CXX_COMPILE, ctx.file.clangxx, compile),
        (_LINK, ctx.file.linker, link),
        (
            [ACTION_NAMES.cpp_link_static_library],
            ctx.file.ar,
            ["archiver_flags", "linker_param_file"],
        ),
        ([ACTION_NAMES.strip], ctx.file.strip, []),
    ]:
        for name in names:
            configs.append(action_config(
                action_name = name,
                enabled = True,
                implies = implies,
                tools = [tool(tool = program)],
            ))
    return configs

def _impl(ctx):
    llvm = ctx.file.clang.dirname[:-len("/bin")]
    emscripten = (Label("@pedigree_emscripten//:x").workspace_root +
                  "/usr/share/emscripten")
    include = emscripten + "/cache/sysroot/include"
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        action_configs = _action_configs(ctx),
        features = _features(ctx, llvm, emscripten),
        cxx_builtin_include_directories = [
            include,
            llvm + "/lib/clang/19/include",
        ],
        toolchain_identifier = "pedigree-emscripten-wasm32",
        host_system_name = "x86_64-linux",
        target_system_name = "wasm32-unknown-emscripten",
        target_cpu = "wasm32",
        target_libc = "musl",
        compiler = "clang",
        abi_version = "wasm32",
        abi_libc_version = "musl",
    )

def _program(doc):
    return attr.label(doc = doc, mandatory = True, allow_single_file = True)

emscripten_toolchain_config = rule(
    implementation = _impl,
    doc = "Flags and tools of the WebAssembly toolchain.",
    attrs = {
        "ar": _program("llvm-ar."),
        "clang": _program("clang, in the folder of the other LLVM programs."),
        "clangxx": _program("clang++."),
        "linker": _program("link.sh."),
        "node": _program("Node.js, which Emscripten's link step runs."),
        "python": _program("Python, which Emscripten is written in."),
        "strip": _program("llvm-strip."),
        "wasm_opt": _program("Binaryen's wasm-opt, in its bin folder."),
    },
    provides = [CcToolchainConfigInfo],
)
