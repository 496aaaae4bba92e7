"""The lab as a directory that any file server can host; see defs.bzl.

    lab_site(
        name = "site",
        srcs = [":modules"],
        placed = {"//runtime:wasm": "client/"},
        packet = ":site_packet",
        packet_digest = "//fixtures:packet.digest",
    )
"""

# Files of the lab itself lie below this folder of their repository, which becomes
# the site's root.
_ROOT = "release/lab/web/"

_DOC = """Gathers the files of the lab into one directory.

Beside them it writes `lab.json`, which names the packet that the lab opens with,
and `files.json`, the digest of every file: what the service worker keeps. The
directory is a function of its inputs, so it has the same bytes on every machine."""

def _lab_site_impl(ctx):
    site = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add(site.path)
    args.add("packet=" + ctx.file.packet.path)
    args.add("digest=" + ctx.file.packet_digest.path)
    inputs = [ctx.file._make, ctx.file.packet, ctx.file.packet_digest]
    if ctx.file.sibling:
        args.add("sibling=" + ctx.file.sibling.path)
        inputs.append(ctx.file.sibling)
    for file in ctx.files.srcs:
        # "../pedigree/release/lab/web/..." in another repository.
        place = file.short_path.partition(_ROOT)[2]
        if not place:
            fail("%s: %s is not below %s" % (ctx.label, file.short_path, _ROOT))
        args.add("file=%s=%s" % (place, file.path))
    inputs += ctx.files.srcs
    for target, folder in ctx.attr.placed.items():
        for file in target[DefaultInfo].files.to_list():
            place = folder + file.basename if folder.endswith("/") else folder
            args.add("file=%s=%s" % (place, file.path))
            inputs.append(file)
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    node_args = ctx.actions.args()
    node_args.add(ctx.file._make)
    ctx.actions.run(
        executable = ctx.file._node,
        arguments = [node_args, args],
        inputs = depset(
            inputs,
            transitive = [ctx.attr._node_files[DefaultInfo].files],
        ),
        outputs = [site],
        mnemonic = "LabSite",
        progress_message = "Gathering %s" % ctx.label,
    )
    return [DefaultInfo(
        files = depset([site]),
        runfiles = ctx.runfiles([site]),
    )]

lab_site = rule(
    implementation = _lab_site_impl,
    doc = _DOC,
    attrs = {
        "packet": attr.label(
            doc = "The packed packet that the lab opens with.",
            allow_single_file = True,
            mandatory = True,
        ),
        "packet_digest": attr.label(
            doc = "Its digest, as text.",
            allow_single_file = True,
            mandatory = True,
        ),
        "placed": attr.label_keyed_string_dict(
            doc = "Files from elsewhere, each with the file or, with a slash at" +
                  " its end, the folder of the site that it goes to.",
            allow_files = True,
        ),
        "sibling": attr.label(
            doc = "A packed packet that the first can be compared with.",
            allow_single_file = True,
        ),
        "srcs": attr.label_list(
            doc = "Files of the lab itself.",
            allow_files = True,
        ),
        "_make": attr.label(
            default = "//release/lab:make_site.mjs",
            allow_single_file = True,
        ),
        "_node": attr.label(
            default = "@node//:bin/node",
            allow_single_file = True,
        ),
        "_node_files": attr.label(default = "@node//:files"),
    },
)
