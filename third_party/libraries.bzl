"""Which pinned libraries a program is made of, and what their licences ask.

Each library that shipped programs may hold is described beside its pin:

    third_party_library(
        name = "library",
        library = "abseil",
        license = "Apache-2.0",
        notices = ["@com_google_absl//:LICENSE"],
        pin = "abseil",
        repository = "com_google_absl",
    )

Which of them are in a program follows from what the program is linked from: the
aspect `linked_repositories` collects the repositories of all its `deps`. A
toolchain adds libraries of its own to every program of a target, which their
descriptions say by `toolchain_targets`.
"""

ThirdPartyLibraryInfo = provider(
    doc = "A library that shipped programs may hold. Returned by `third_party_library`.",
    fields = {
        "library": "string: its name.",
        "license": "string: an SPDX licence expression.",
        "notices": "list of File: licence texts and notices that go with every copy.",
        "pin": "string: its name in the toolchain pins; empty for this project.",
        "repository": "string: the external repository that programs link it from; empty when only toolchains do.",
        "toolchain_targets": "list of string: targets whose toolchain links it into every program.",
        "version": "string: its version; empty for the pin's.",
    },
)

LinkedRepositoriesInfo = provider(
    doc = "Where the code of a program comes from. Returned by the aspect `linked_repositories`.",
    fields = {
        "repositories": "depset of string: names of external repositories; `pedigree` for this project.",
    },
)

# This project is the main repository, or one of another workspace.
_OWN_REPOSITORY = Label("//third_party:libraries.bzl").workspace_name

def _repository_name(label):
    """The repository's name as its user wrote it; empty for the main one."""
    if label.workspace_name == _OWN_REPOSITORY:
        return "pedigree"
    return label.workspace_name.split("~")[-1]

def _linked_repositories_impl(target, ctx):
    name = _repository_name(target.label)
    transitive = []
    for attribute in ["binary", "deps"]:
        # A list with one element where a transition could split.
        linked = getattr(ctx.rule.attr, attribute, None) or []
        for dep in linked if type(linked) == "list" else [linked]:
            if LinkedRepositoriesInfo in dep:
                transitive.append(dep[LinkedRepositoriesInfo].repositories)
    return [LinkedRepositoriesInfo(
        repositories = depset([name] if name else [], transitive = transitive),
    )]

linked_repositories = aspect(
    implementation = _linked_repositories_impl,
    doc = """Collects the repositories that a program is linked from.

It follows `deps`, and `binary` of rules that build a program under other
settings. A library of headers alone counts: its code is compiled into what
includes it.""",
    attr_aspects = ["binary", "deps"],
)

def _third_party_library_impl(ctx):
    return [
        DefaultInfo(files = depset(ctx.files.notices)),
        ThirdPartyLibraryInfo(
            library = ctx.attr.library,
            license = ctx.attr.license,
            notices = ctx.files.notices,
            pin = ctx.attr.pin,
            repository = ctx.attr.repository,
            toolchain_targets = ctx.attr.toolchain_targets,
            version = ctx.attr.version,
        ),
    ]

third_party_library = rule(
    implementation = _third_party_library_impl,
    doc = "A library that shipped programs may hold, and its licence.",
    attrs = {
        "library": attr.string(
            doc = "Its name: letters, digits and `._+-`.",
            mandatory = True,
        ),
        "license": attr.string(
            doc = "SPDX licence expression.",
            mandatory = True,
        ),
        "notices": attr.label_list(
            doc = "Licence texts and notices that must go with every copy.",
            allow_empty = False,
            allow_files = True,
            mandatory = True,
        ),
        "pin": attr.string(
            doc = "Its name in //third_party:toolchain_pins. Default: none, for what is not pinned.",
        ),
        "repository": attr.string(
            doc = "The external repository that programs link it from. Default: none.",
        ),
        "toolchain_targets": attr.string_list(
            doc = "Targets (`linux-x86_64`, `wasm32`) whose toolchain links it into every program. Default: none.",
        ),
        "version": attr.string(
            doc = "Its version, where it is not the pin's. Default: the pin's.",
        ),
    },
    provides = [ThirdPartyLibraryInfo],
)

LibrariesInfo = provider(
    doc = "Descriptions of libraries. Returned by `third_party_libraries`.",
    fields = {"libraries": "list of ThirdPartyLibraryInfo."},
)

def _third_party_libraries_impl(ctx):
    return [LibrariesInfo(
        libraries = [
            library[ThirdPartyLibraryInfo]
            for library in ctx.attr.libraries
        ],
    )]

third_party_libraries = rule(
    implementation = _third_party_libraries_impl,
    doc = "All libraries of a project that its programs may hold.",
    attrs = {
        "libraries": attr.label_list(
            doc = "Their descriptions.",
            mandatory = True,
            providers = [ThirdPartyLibraryInfo],
        ),
    },
    provides = [LibrariesInfo],
)

def linked_libraries(label, libraries, programs):
    """The libraries that are in programs.

    Fails, naming it, for a program that holds a repository which no library
    describes.

    Args:
      label: for messages.
      libraries: list of ThirdPartyLibraryInfo.
      programs: list of (target name such as `wasm32`, Target); one without
        LinkedRepositoriesInfo, which is a file from elsewhere, is left out.

    Returns:
      list of (ThirdPartyLibraryInfo, list of target names), by name and pin.
    """
    described = {info.repository: True for info in libraries if info.repository}
    targets = {}
    for target, program in programs:
        if LinkedRepositoriesInfo not in program:
            continue
        repositories = program[LinkedRepositoriesInfo].repositories.to_list()
        for repository in repositories:
            if repository not in described:
                fail("%s: %s holds @%s, which no third_party_library describes" % (
                    label,
                    program.label,
                    repository,
                ))
        for info in libraries:
            if info.repository in repositories or target in info.toolchain_targets:
                key = (info.library, info.pin)
                targets[key] = targets.get(key, (info, []))
                targets[key][1].append(target)
    return [targets[key] for key in sorted(targets)]
