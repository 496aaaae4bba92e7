"""Configuration of the hermetic C++ toolchains: clang 19, libc++, lld.

One for x86-64, which releases and tests are built with, and one for 64-bit Arm,
whose programs are static: tests run them under QEMU, without an Arm system.

The same flags everywhere make the same bytes everywhere: no path of the machine
enters an object file (relative search paths, prefix maps), no date, no build
id, no host header or library. Floating point follows the source: no contraction
into fused multiply-add, no fast-math.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
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
    ACTION_NAMES.clif_match,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.linkstamp_compile,
]

_COMPILE = _C_COMPILE + _CXX_COMPILE

_LINK = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# Features that watch the program, or steer a fuzzer.
_INSTRUMENTED = ["asan", "fuzzer", "tsan", "ubsan"]

_NOT_STATIC = with_feature_set(not_features = ["fully_static_link"])

def _flags(name, compile = [], cxx = [], link = [], enabled = False, requires = []):
    sets = []
    for actions, flags in [(_COMPILE, compile), (_CXX_COMPILE, cxx), (_LINK, link)]:
        if flags:
            sets.append(flag_set(
                actions = actions,
                flag_groups = [flag_group(flags = flags)],
                with_features = requires,
            ))
    return feature(name = name, enabled = enabled, flag_sets = sets)

def _machine(cpu, llvm, libcxx):
    """What differs between processors."""
    if cpu == "x86_64":
        return struct(
            bazel_cpu = "k8",
            executable = ["-pie"],
            link = [],
            libraries = libcxx + "/lib",
            link_resource = llvm + "/lib/clang/19",
            sysroot = Label("@pedigree_sysroot//:x").workspace_root,
        )
    sysroot = Label("@pedigree_sysroot_aarch64//:x").workspace_root
    return struct(
        bazel_cpu = "aarch64",
        executable = [],
        link = ["-static"],
        libraries = sysroot + "/usr/lib/llvm-19/lib",
        link_resource = sysroot + "/usr/lib/llvm-19/lib/clang/19",
        sysroot = sysroot,
    )

def _driver_flags(cpu, machine, resource):
    return [
        "--target=%s-linux-gnu" % cpu,
        "--sysroot=" + machine.sysroot,
        "-resource-dir=" + resource,
        "-no-canonical-prefixes",
    ]

def _impl(ctx):
    cpu = ctx.attr.cpu
    clang = Label("@pedigree_clang//:x").workspace_root
    llvm = clang + "/usr/lib/llvm-19"
    libcxx = Label("@pedigree_libcxx//:x").workspace_root + "/usr/lib/llvm-19"
    machine = _machine(cpu, llvm, libcxx)

    # Object files are compiled once, for executables and shared libraries alike.
    default_flags = _flags(
        "default_flags",
        enabled = True,
        compile = _driver_flags(cpu, machine, llvm + "/lib/clang/19") + [
            "-fPIC",
            "-ffp-contract=off",
            "-fno-fast-math",
            "-ffunction-sections",
            "-fdata-sections",
            "-Wdate-time",
            "-Wno-builtin-macro-redefined",
            "-D__DATE__=\"redacted\"",
            "-D__TIMESTAMP__=\"redacted\"",
            "-D__TIME__=\"redacted\"",
            "-ffile-compilation-dir=.",
        ] + path_map_flags(),
        cxx = [
            "-std=c++17",
            "-nostdinc++",
            "-isystem",
            libcxx + "/include/c++/v1",
        ],
        link = _driver_flags(cpu, machine, machine.link_resource) + machine.link + [
            "-fuse-ld=lld",
            "--ld-path=" + llvm + "/bin/ld.lld",
            "-rtlib=compiler-rt",
            "-unwindlib=none",
            "-nostdlib++",
            "-Wl,--as-needed",
            "-Wl,--build-id=none",
            "-Wl,--gc-sections",
            "-Wl,--no-undefined",
            "-Wl,-z,relro,-z,now",
            "-Wl,--hash-style=gnu",
        ],
    )

    position_independent_executable = feature(
        name = "position_independent_executable",
        enabled = True,
        flag_sets = [flag_set(
            actions = [ACTION_NAMES.cpp_link_executable],
            flag_groups = [flag_group(flags = machine.executable)],
            with_features = [_NOT_STATIC],
        )] if machine.executable else [],
    )

    # After every object file and library of the target.
    runtime_libraries = feature(
        name = "runtime_libraries",
        enabled = True,
        flag_sets = [flag_set(
            actions = _LINK,
            flag_groups = [flag_group(flags = [
                machine.libraries + "/libc++.a",
                machine.libraries + "/libc++abi.a",
                machine.libraries + "/libunwind.a",
                "-lpthread",
            ])],
        )],
    )

    # No shared library and no loader. The C library is a dependency of such a
    # program, so that it shows up among the libraries that it is linked from; libm
    # is none, since shipped programs use no function of it.
    fully_static_link = _flags(
        "fully_static_link",
        link = ["-static-pie", "-nolibc"],
    )
    libm = _flags(
        "libm",
        enabled = True,
        link = ["-lm"],
        requires = [_NOT_STATIC],
    )

    # The C++ driver adds the C++ half of the sanitizers' runtime.
    sanitizer_compile = ["-fno-omit-frame-pointer", "-gline-tables-only"]
    sanitizer_link = ["--driver-mode=g++"]
    features = [
        # lld takes object files between --start-lib and --end-lib, so that no
        # archive has to be made on the way to an executable.
        feature(name = "supports_start_end_lib", enabled = True),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "opt"),
        default_flags,
        position_independent_executable,
        fully_static_link,
        _flags(
            "optimization",
            enabled = True,
            compile = ["-O2", "-g0", "-DNDEBUG"],
            link = ["-Wl,-O1", "-s"],
            requires = [with_feature_set(
                features = ["opt"],
                not_features = _INSTRUMENTED,
            )],
        ),
        _flags(
            "optimization_sanitized",
            enabled = True,
            compile = ["-O1"],
            requires = [
                with_feature_set(features = ["opt", name])
                for name in _INSTRUMENTED
            ],
        ),
        _flags(
            "no_optimization",
            enabled = True,
            compile = ["-O0", "-g"],
            requires = [with_feature_set(features = ["dbg"])],
        ),
        _flags(
            "fast_build",
            enabled = True,
            compile = ["-O0", "-g0"],
            requires = [with_feature_set(features = ["fastbuild"])],
        ),
        _flags(
            "asan",
            compile = sanitizer_compile + ["-fsanitize=address"],
            link = sanitizer_link + ["-fsanitize=address"],
        ),
        _flags(
            "ubsan",
            compile = sanitizer_compile + [
                "-fsanitize=undefined",
                "-fno-sanitize-recover=undefined",
            ],
            link = sanitizer_link + ["-fsanitize=undefined"],
        ),
        _flags(
            "tsan",
            compile = sanitizer_compile + ["-fsanitize=thread"],
            link = sanitizer_link + ["-fsanitize=thread"],
        ),
        # Counters in every object file; //bazel:fuzz.bzl asks for the main
        # function where it wants one.
        _flags(
            "fuzzer",
            compile = sanitizer_compile + ["-fsanitize=fuzzer-no-link"],
            link = sanitizer_link + ["-fsanitize=fuzzer-no-link"],
        ),
        # Debian's libFuzzer is made with libstdc++, which shares no symbol with
        # libc++.
        _flags(
            "fuzzer_main",
            link = sanitizer_link + [
                "-fsanitize=fuzzer",
                clang + "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
            ],
        ),
        feature(
            name = "user_compile_flags",
            enabled = True,
            flag_sets = [flag_set(
                actions = _COMPILE,
                flag_groups = [flag_group(
                    flags = ["%{user_compile_flags}"],
                    iterate_over = "user_compile_flags",
                    expand_if_available = "user_compile_flags",
                )],
            )],
        ),
        feature(
            name = "user_link_flags",
            enabled = True,
            flag_sets = [flag_set(
                actions = _LINK,
                flag_groups = [flag_group(
                    flags = ["%{user_link_flags}"],
                    iterate_over = "user_link_flags",
                    expand_if_available = "user_link_flags",
                )],
            )],
        ),
        runtime_libraries,
        libm,
        feature(
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
        ),
    ]

    bin = "usr/lib/llvm-19/bin/"
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = features,
        # Every header is a declared input; none lies outside.
        cxx_builtin_include_directories = [],
        toolchain_identifier = "pedigree-clang-linux-" + cpu,
        host_system_name = "x86_64-linux",
        target_system_name = cpu + "-linux-gnu",
        target_cpu = machine.bazel_cpu,
        target_libc = "glibc_2.36",
        compiler = "clang",
        abi_version = "gnu",
        abi_libc_version = "2.36",
        tool_paths = [
            tool_path(name = "ar", path = bin + "llvm-ar"),
            tool_path(name = "compat-ld", path = bin + "ld.lld"),
            tool_path(name = "cpp", path = bin + "clang"),
            tool_path(name = "dwp", path = bin + "llvm-dwp"),
            tool_path(name = "gcc", path = bin + "clang"),
            tool_path(name = "gcov", path = bin + "llvm-cov"),
            tool_path(name = "ld", path = bin + "ld.lld"),
            tool_path(name = "nm", path = bin + "llvm-nm"),
            tool_path(name = "objcopy", path = bin + "llvm-objcopy"),
            tool_path(name = "objdump", path = bin + "llvm-objdump"),
            tool_path(name = "strip", path = bin + "llvm-strip"),
        ],
    )

clang_toolchain_config = rule(
    implementation = _impl,
    doc = "Flags and tools of the toolchain for one processor.",
    attrs = {
        "cpu": attr.string(
            doc = "The processor, as the first word of its LLVM triple.",
            mandatory = True,
            values = ["aarch64", "x86_64"],
        ),
    },
    provides = [CcToolchainConfigInfo],
)
