"""C++ code of Protocol Buffers messages.

    slm_cc_proto_library(
        name = "record_cc_proto",
        srcs = ["record.proto"],
        deps = ["//runtime/diagnostics:diagnostics_cc_proto"],
    )

makes "release/record.pb.h" for `#include`. Sources import each other by paths
relative to the workspace, and the well-known types by "google/protobuf/...".
The compiler is the pinned one of //third_party/protoc, the same on every
machine, and file names in the generated code do not depend on whether this is
the main workspace.
"""

_ProtoSourcesInfo = provider(
    doc = "Sources of messages. Returned and consumed by `slm_cc_proto_library`.",
    fields = {
        "roots": "depset of string: folders that imports are relative to.",
        "sources": "depset of File: .proto files, with all they import.",
    },
)

def _cc_proto_sources_impl(ctx):
    deps = [dep[_ProtoSourcesInfo] for dep in ctx.attr.deps]
    root = ctx.label.workspace_root or "."
    sources = depset(
        ctx.files.srcs,
        transitive = [dep.sources for dep in deps],
    )
    roots = depset([root], transitive = [dep.roots for dep in deps])
    out = ctx.bin_dir.path
    if ctx.label.workspace_root:
        out += "/" + ctx.label.workspace_root
    well_known = ctx.attr._well_known.label.workspace_root + "/src"

    args = ctx.actions.args()
    args.add_all(roots, format_each = "--proto_path=%s")
    args.add("--proto_path=" + well_known)
    args.add("--cpp_out=" + out)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        mnemonic = "SlmCcProto",
        progress_message = "Generating C++ of %s" % ctx.label,
        executable = ctx.file._protoc,
        arguments = [args],
        inputs = depset(ctx.files._well_known, transitive = [sources]),
        tools = ctx.files._protoc_files,
        outputs = ctx.outputs.outs,
    )
    return [_ProtoSourcesInfo(roots = roots, sources = sources)]

_cc_proto_sources = rule(
    implementation = _cc_proto_sources_impl,
    doc = "Runs protoc on `srcs`.",
    attrs = {
        "deps": attr.label_list(
            doc = "`_cc_proto_sources` of what `srcs` import.",
            providers = [_ProtoSourcesInfo],
        ),
        "outs": attr.output_list(doc = "The .pb.h and .pb.cc of each source."),
        "srcs": attr.label_list(
            doc = "Sources, in this package.",
            allow_files = [".proto"],
        ),
        "_protoc": attr.label(
            default = Label("@protoc//:bin/protoc"),
            allow_single_file = True,
        ),
        "_protoc_files": attr.label(default = Label("@protoc//:files")),
        "_well_known": attr.label(
            default = Label("@com_google_protobuf//:well_known_protos"),
        ),
    },
    output_to_genfiles = False,
)

def _sources_of(label):
    """The label of a library's `_cc_proto_sources`."""
    if ":" in label:
        return label + "_sources"
    return "%s:%s_sources" % (label, label.split("/")[-1])

def slm_cc_proto_library(name, srcs, deps = [], visibility = None, **kwargs):
    """A C++ library of the messages in `srcs`.

    Args:
      name: name of the library.
      srcs: .proto files of this package.
      deps: labels (strings) of `slm_cc_proto_library` targets that `srcs` import.
      visibility: as for any target.
      **kwargs: further attributes of cc_library, such as `testonly`.
    """
    headers = [src[:-len(".proto")] + ".pb.h" for src in srcs]
    sources = [src[:-len(".proto")] + ".pb.cc" for src in srcs]
    _cc_proto_sources(
        name = name + "_sources",
        srcs = srcs,
        outs = headers + sources,
        testonly = kwargs.get("testonly", False),
        visibility = visibility,
        deps = [_sources_of(dep) for dep in deps],
    )
    native.cc_library(
        name = name,
        srcs = sources,
        hdrs = headers,
        visibility = visibility,
        deps = deps + [Label("@com_google_protobuf//:protobuf")],
        **kwargs
    )
