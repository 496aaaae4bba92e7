"""Fetches and unpacks pinned archives.

Each dependency has a lock, `third_party/<dep>/archives.lock`, plain text that
shell scripts (`ci/collect_archives.sh`) and this file both read:

    # A comment.
    version 1.2.3
    tree sha256:<digest of the normalised unpacked tree>
    <file name> <sha256> <pool path or URL>

Several lines with the same file name are further sources of the same tree,
each with its own SHA-256, tried in the order given. A lock for each dependency
means that a new pin refetches one repository and no other.

A pool path (`pool/main/...`) lies on any Debian mirror. No mirror is named in
this repository; the address comes from, in this order:

  PEDIGREE_ARCHIVES        a folder of collected archives: then the only source
  PEDIGREE_DEBIAN_MIRROR   addresses, separated by spaces
  the machine's apt configuration

`environ` does not list these variables, on purpose: they choose where the
bytes come from, never which bytes, so a change must not refetch anything.

The tree digest is the pin's identity: it does not depend on which source
served the archive, on compression, or on the machine. It is checked at every
fetch.
"""

_HELP = ("Set PEDIGREE_DEBIAN_MIRROR to a Debian mirror, or PEDIGREE_ARCHIVES" +
         " to a folder filled by ci/collect_archives.sh.")

_SUITES = [
    "bookworm",
    "bullseye",
    "duke",
    "experimental",
    "forky",
    "oldoldstable",
    "oldstable",
    "sid",
    "stable",
    "testing",
    "trixie",
    "unstable",
]

# Attributes that every repository rule using this file needs.
ARCHIVE_ATTRS = {
    "lock": attr.label(
        doc = "The dependency's archives.lock.",
        mandatory = True,
        allow_single_file = True,
    ),
    "_tree_digest": attr.label(
        default = Label("//third_party:tree_digest.sh"),
    ),
    "_unpack_deb": attr.label(
        default = Label("//third_party:unpack_deb.sh"),
    ),
}

def _words(line):
    return [w for w in line.replace("\t", " ").split(" ") if w]

def _is_debian_main(suites, components):
    if "main" not in components:
        return False
    for suite in suites:
        for known in _SUITES:
            if suite == known or suite == known + "-updates":
                return True
    return False

def _apt_list(text):
    """Addresses in one-line style (sources.list, *.list)."""
    found = []
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if "[" in line and "]" in line:
            line = line[:line.find("[")] + line[line.find("]") + 1:]
        words = _words(line)
        if len(words) < 4 or words[0] != "deb":
            continue
        if _is_debian_main([words[2]], words[3:]):
            found.append(words[1])
    return found

def _apt_deb822(text):
    """Addresses in deb822 style (*.sources)."""
    found = []
    stanza = {}
    field = ""
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if ("deb" in stanza.get("types", []) and
                stanza.get("enabled", ["yes"]) != ["no"] and
                _is_debian_main(
                    stanza.get("suites", []),
                    stanza.get("components", []),
                )):
                found += stanza.get("uris", [])
            stanza = {}
            field = ""
        elif line[0] in " \t":
            stanza[field] = stanza.get(field, []) + _words(line)
        elif ":" in line:
            field = line.split(":")[0].strip().lower()
            stanza[field] = _words(line[line.find(":") + 1:])
    return found

def _apt_mirrors(ctx):
    found = []
    path = ctx.path("/etc/apt/sources.list")
    if path.exists:
        found += _apt_list(ctx.read(path))
    folder = ctx.path("/etc/apt/sources.list.d")
    if folder.exists:
        for entry in sorted([str(p) for p in folder.readdir()]):
            if entry.endswith(".list"):
                found += _apt_list(ctx.read(entry))
            elif entry.endswith(".sources"):
                found += _apt_deb822(ctx.read(entry))

    # Cloud images name a file of mirrors instead of a mirror.
    expanded = []
    for uri in found:
        if uri.startswith("mirror+file:"):
            listed = ctx.path("/" + uri[len("mirror+file:"):].lstrip("/"))
            if listed.exists:
                expanded += [
                    _words(line)[0]
                    for line in ctx.read(listed).splitlines()
                    if _words(line)
                ]
        else:
            expanded.append(uri)

    # Repositories of other vendors may name a Debian suite too; a Debian
    # mirror usually ends in /debian, so those come first.
    mirrors = []
    for likely in [True, False]:
        for uri in expanded:
            uri = uri.rstrip("/")
            if (uri.startswith("http://") or uri.startswith("https://")):
                if uri.endswith("/debian") == likely and uri not in mirrors:
                    mirrors.append(uri)
    return mirrors

def _mirrors(ctx):
    given = _words(ctx.os.environ.get("PEDIGREE_DEBIAN_MIRROR", ""))
    if given:
        return [uri.rstrip("/") for uri in given]
    return _apt_mirrors(ctx)

def read_lock(ctx, label = None):
    """Reads a lock.

    Args:
      ctx: the repository context.
      label: the lock; `ctx.attr.lock` when left out.

    Returns:
      struct of `label`, `version`, `tree` (either may be empty) and `sources`:
      a dict from file name to a list of (sha256, place).
    """
    label = label or ctx.attr.lock
    version = ""
    tree = ""
    sources = {}
    number = 0
    for line in ctx.read(ctx.path(label)).splitlines():
        number += 1
        words = _words(line.split("#")[0])
        if not words:
            continue
        if len(words) == 2 and words[0] == "version":
            version = words[1]
        elif len(words) == 2 and words[0] == "tree":
            tree = words[1]
        elif len(words) == 3 and len(words[1]) == 64:
            sources.setdefault(words[0], []).append((words[1], words[2]))
        else:
            fail("%s:%d: want `<file> <sha256> <place>`, got `%s`" %
                 (label, number, line))
    return struct(
        label = str(label),
        version = version,
        tree = tree,
        sources = sources,
    )

def archive_file(lock, package):
    """The file name in `lock` of a package, e.g. "libc6", or of itself."""
    if package in lock.sources:
        return package
    for file in lock.sources:
        if file.split("_")[0] == package:
            return file
    fail("%s: no archive of %s" % (lock.label, package))

def _why_not(ctx, url, output, sha256):
    """What is wrong with an address that did not give a pinned archive."""
    got = ctx.download(url = url, output = output, allow_fail = True)
    if not got.success:
        return "%s (nothing is there, expected sha256 %s)" % (url, sha256)
    ctx.delete(output)
    return "%s (has sha256 %s, expected %s)" % (url, got.sha256, sha256)

def fetch_archive(ctx, lock, file, output):
    """Downloads one pinned archive to `output` through the repository cache.

    Args:
      ctx: the repository context.
      lock: what `read_lock` returned.
      file: file name or package name in the lock.
      output: path to write, below the repository.
    """
    file = archive_file(lock, file)
    folder = ctx.os.environ.get("PEDIGREE_ARCHIVES", "")
    mirrors = None
    tried = []
    failed = []
    if folder:
        if not folder.startswith("/"):
            fail("PEDIGREE_ARCHIVES must be an absolute path, got %s" % folder)
        if not ctx.path(folder + "/" + file).exists:
            fail("%s: %s is not in PEDIGREE_ARCHIVES (%s)" %
                 (lock.label, file, folder))

    # A mirror answers at once, also with "not found", while retries against an
    # upstream that cannot be reached cost minutes: so locks name the pool first.
    for sha256, place in lock.sources[file]:
        if folder:
            urls = ["file://%s/%s" % (folder, file)]
        elif place.startswith("pool/"):
            if mirrors == None:
                mirrors = _mirrors(ctx)
            if not mirrors:
                tried.append("no Debian mirror known for " + place)
                continue
            urls = ["%s/%s" % (mirror, place) for mirror in mirrors]
        else:
            urls = [place]
        got = ctx.download(
            url = urls,
            output = output,
            sha256 = sha256,
            allow_fail = True,
        )
        if got.success:
            return
        failed += [(url, sha256) for url in urls]

    # Only now: each address is asked once more.
    tried += [_why_not(ctx, url, output, sha256) for url, sha256 in failed]
    fail("%s: cannot fetch %s. Tried:\n  %s\n%s" %
         (lock.label, file, "\n  ".join(tried), _HELP))

def unpack_debs(ctx, lock, packages, exclude = [], prefix = "."):
    """Unpacks Debian packages into the folder `prefix` of the repository.

    `repository_ctx.extract` of Bazel 4.2.3 refuses .deb, so dpkg-deb (or ar)
    and tar do it: the host tools that fetching needs.

    Args:
      ctx: the repository context.
      lock: what `read_lock` returned.
      packages: dict from package to the globs to keep, relative to the
        package's root, e.g. "usr/lib/*.a"; an empty list keeps everything. `*`
        matches slashes, a folder stands for all below it, and a glob that
        matches nothing is an error.
      exclude: globs of what to leave out.
      prefix: folder to unpack into.
    """
    for package in packages:
        file = archive_file(lock, package)
        deb = "_archives/" + file
        fetch_archive(ctx, lock, file, deb)
        done = ctx.execute(
            ["sh", ctx.path(ctx.attr._unpack_deb), deb, prefix] +
            ["--exclude=./" + glob for glob in exclude] +
            ["./" + glob for glob in packages[package]],
            environment = {"LC_ALL": "C"},
            timeout = 1800,
        )
        if done.return_code:
            fail("%s: cannot unpack %s: %s" %
                 (lock.label, file, done.stderr.strip()))
        ctx.delete(deb)
    ctx.delete("_archives")

def unpack_source(ctx, lock, file = "", keep = []):
    """Unpacks a source archive, without its single top folder.

    Args:
      ctx: the repository context.
      lock: what `read_lock` returned.
      file: file name in the lock; may be left out where the lock has only one.
      keep: files and folders to keep, all when empty. Names that differ between
        sources of one archive, such as CI settings, are best left out.
    """
    if not file:
        if len(lock.sources) != 1:
            fail("%s: name one of %s" % (lock.label, lock.sources.keys()))
        file = lock.sources.keys()[0]
    file = archive_file(lock, file)
    archive = "_archives/" + file
    fetch_archive(ctx, lock, file, archive)
    ctx.extract(archive, output = "_source")
    tops = ctx.path("_source").readdir()
    if len(tops) != 1:
        fail("%s: %s has %d top folders" % (lock.label, file, len(tops)))
    names = keep
    if not names:
        names = [entry.basename for entry in tops[0].readdir()]
    done = ctx.execute([
        "sh",
        "-euc",
        """top=$1; shift
for name; do
  case $name in */*) mkdir -p "${name%/*}" ;; esac
  mv "$top/$name" "$name"
done""",
        "-",
        tops[0],
    ] + names)
    if done.return_code:
        fail("%s: cannot unpack %s: %s" %
             (lock.label, file, done.stderr.strip()))
    ctx.delete("_source")
    ctx.delete("_archives")

def check_tree(ctx, lock, folder = "."):
    """Compares the tree just unpacked with the lock's tree digest.

    Call it before writing own files into `folder`.

    Args:
      ctx: the repository context.
      lock: what `read_lock` returned.
      folder: the tree's root.
    """
    done = ctx.execute(
        ["sh", ctx.path(ctx.attr._tree_digest), folder],
        timeout = 1800,
    )
    if done.return_code:
        fail("%s: tree digest: %s" % (lock.label, done.stderr.strip()))
    digest = done.stdout.strip()
    if digest != lock.tree:
        fail("%s: the unpacked tree is %s, the lock says `tree %s`" %
             (lock.label, digest, lock.tree))

def _debian_archive_impl(ctx):
    lock = read_lock(ctx)
    unpack_debs(ctx, lock, ctx.attr.packages, ctx.attr.exclude)
    check_tree(ctx, lock)
    _overlay(ctx)

def _source_archive_impl(ctx):
    lock = read_lock(ctx)
    unpack_source(ctx, lock, keep = ctx.attr.keep)
    check_tree(ctx, lock)
    _overlay(ctx)

def _overlay(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    if ctx.attr.build_file:
        ctx.delete("BUILD")
        ctx.delete("BUILD.bazel")
        ctx.symlink(ctx.attr.build_file, "BUILD.bazel")
    for label, path in ctx.attr.overlay.items():
        ctx.delete(path)
        ctx.symlink(label, path)

_OVERLAY_ATTRS = {
    "build_file": attr.label(
        doc = "BUILD file of the root; the archive's own when left out.",
        allow_single_file = True,
    ),
    "overlay": attr.label_keyed_string_dict(
        doc = "Files of ours to their paths in the repository.",
        allow_files = True,
    ),
}

def _merge(*dicts):
    merged = {}
    for d in dicts:
        merged.update(d)
    return merged

debian_archive = repository_rule(
    implementation = _debian_archive_impl,
    doc = "Files of Debian packages, with a BUILD file of ours.",
    attrs = _merge(ARCHIVE_ATTRS, _OVERLAY_ATTRS, {
        "packages": attr.string_list_dict(
            doc = "Package to the globs to keep; see `unpack_debs`.",
            mandatory = True,
        ),
        "exclude": attr.string_list(doc = "Globs to leave out."),
    }),
)

source_archive = repository_rule(
    implementation = _source_archive_impl,
    doc = "A source archive, with its own BUILD files or ours.",
    attrs = _merge(ARCHIVE_ATTRS, _OVERLAY_ATTRS, {
        "keep": attr.string_list(doc = "See `unpack_source`."),
    }),
)
