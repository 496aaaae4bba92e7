"""Debian programs that run on their own C library, never on the host's.

A repository made here holds files of pinned packages and, in `bin/`, one small
sh script a program. The script finds its repository from its own path and
starts the program through the repository's dynamic loader with the
repository's libraries, so a program runs the same on every x86-64 Linux,
also where the host's C library is older than the program wants.
"""

load(
    "//third_party:archives.bzl",
    "ARCHIVE_ATTRS",
    "check_tree",
    "read_lock",
    "unpack_debs",
)

_LAUNCHER = """#!/bin/sh
# Runs {program} through the loader and the libraries of this repository.
set -eu
case $0 in
  */*) here=${{0%/*}}/.. ;;
  *) here=.. ;;
esac
# Called by the name of a Bazel target: the files are in its runfiles.
for root in "$here" "$0.runfiles/{repository}" \\
  "${{RUNFILES_DIR:-}}/{repository}"; do
  [ ! -e "$root/{program}" ] || break
done
{prelude}exec "$root/{loader}" --inhibit-cache \\
  --library-path "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu" \\
  --argv0 "$0" "$root/{program}" {flags}"$@"
"""

def _debian_programs_impl(ctx):
    lock = read_lock(ctx)
    unpack_debs(ctx, lock, ctx.attr.packages, ctx.attr.exclude)
    check_tree(ctx, lock)
    for file, change in ctx.attr.same_length_replacements.items():
        _replace(ctx, file, change[0], change[1])
    for name, program in ctx.attr.programs.items():
        ctx.file(
            "bin/" + name,
            content = _LAUNCHER.format(
                flags = "".join([flag + " " for flag in ctx.attr.flags]),
                loader = ctx.attr.loader,
                prelude = "".join([line + "\n" for line in ctx.attr.prelude]),
                program = program,
                repository = ctx.name,
            ),
            executable = True,
        )
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

def _replace(ctx, file, old, new):
    if len(old) != len(new):
        fail("%s: `%s` and `%s` differ in length" % (file, old, new))
    done = ctx.execute(
        [
            "sh",
            "-euc",
            "grep -qF \"$2\" \"$1\"; sed -i \"s|$2|$3|g\" \"$1\"",
            "-",
            file,
            old,
            new,
        ],
        environment = {"LC_ALL": "C"},
    )
    if done.return_code:
        fail("%s: cannot replace `%s`: %s" % (file, old, done.stderr.strip()))

def _merge(*dicts):
    merged = {}
    for d in dicts:
        merged.update(d)
    return merged

debian_programs = repository_rule(
    implementation = _debian_programs_impl,
    doc = "Programs of Debian packages, with the libraries that they run on.",
    attrs = _merge(ARCHIVE_ATTRS, {
        "build_file": attr.label(
            doc = "BUILD file of the repository.",
            allow_single_file = True,
            mandatory = True,
        ),
        "exclude": attr.string_list(doc = "Globs to leave out."),
        "flags": attr.string_list(
            doc = "Flags put before the caller's arguments, as sh words.",
        ),
        "loader": attr.string(
            doc = "The dynamic loader, relative to the repository.",
            default = "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        ),
        "packages": attr.string_list_dict(
            doc = "Package to the globs to keep; see `unpack_debs`.",
            mandatory = True,
        ),
        "prelude": attr.string_list(
            doc = "Lines of sh that set the program's environment; `$root` is" +
                  " the repository.",
        ),
        "programs": attr.string_dict(
            doc = "Name in `bin/` to the program's path in the repository.",
            mandatory = True,
        ),
        "same_length_replacements": attr.string_list_dict(
            doc = "File to [old, new]: a string that a program holds and one" +
                  " of the same length to put in its place. Both plain: no" +
                  " `|`, no character special to sed.",
        ),
    }),
)
