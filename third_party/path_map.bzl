"""Fixed names for the paths that compilers write into object files.

`__FILE__` and debug information name sources below `external/<repo>` and
generated files below `bazel-out/<config>/bin`, and both names change between
Bazel versions, between WORKSPACE and Bzlmod, and between this workspace and one
that uses it as @pedigree. Every compile maps them to names that never change.
"""

# Repositories whose sources are compiled into what ships or into tests of that.
_REPOSITORIES = {
    "cli11": Label("@cli11//:x"),
    "com_google_absl": Label("@com_google_absl//:x"),
    "com_google_googletest": Label("@com_google_googletest//:x"),
    "com_google_protobuf": Label("@com_google_protobuf//:x"),
    "nlohmann_json": Label("@nlohmann_json//:x"),
    "openssl": Label("@openssl//:x"),
    "pedigree_clang": Label("@pedigree_clang//:x"),
    "pedigree_emscripten": Label("@pedigree_emscripten//:x"),
    "pedigree_libcxx": Label("@pedigree_libcxx//:x"),
    "pedigree_sysroot": Label("@pedigree_sysroot//:x"),
    "xxhash": Label("@xxhash//:x"),
    "zstd": Label("@zstd//:x"),
}

def path_map_flags():
    """Compiler flags that map paths below the execution root to fixed names.

    A toolchain does not know the target's configuration, so the flags name the
    output folder `bazel-out/CONFIG/bin`, and the script that runs the compiler
    puts the right name in (third_party/clang/tool.sh does).

    Returns:
      list of flags, for clang and emcc alike.
    """
    outputs = "bazel-out/CONFIG/bin/"
    flags = ["-ffile-prefix-map=%s=" % outputs]

    # The last flag that fits wins in clang, so the longer prefix comes later.
    for name in sorted(_REPOSITORIES):
        root = _REPOSITORIES[name].workspace_root
        flags.append("-ffile-prefix-map=%s=%s" % (root, name))
        flags.append("-ffile-prefix-map=%s%s=%s" % (outputs, root, name))

    # This workspace when another one uses it. Under WORKSPACE its name is always
    # the same, and the flag is there in both workspaces, so that both find the
    # same third-party objects in the cache.
    own = Label("//third_party:x").workspace_root or "external/pedigree"
    flags.append("-ffile-prefix-map=%s/=" % own)
    flags.append("-ffile-prefix-map=%s%s/=" % (outputs, own))
    return flags
