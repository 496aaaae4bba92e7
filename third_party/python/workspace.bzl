"""CPython 3.11 of Debian 12: what Emscripten's link step imports, no more."""

load("//third_party:programs.bzl", "debian_programs")

_LIB = "usr/lib/python3.11/"

# Modules that need libraries of their own (_ssl, _bz2, _lzma) are optional
# where Emscripten imports them, and left out.
_EXCLUDED = [
    "email/mime",
    "encodings/[b-km-tv-z]*",
    "encodings/u[nu]*",
    "encodings/utf_[1-7]*",
    "encodings/utf_8_*",
    "importlib/metadata",
    "importlib/resources",
    "lib-dynload/_hashlib*",
    "lib-dynload/_ssl*",
]

_STDLIB = [
    "_compression.py",
    "bz2.py",
    "ctypes/__init__.py",
    "ctypes/_endian.py",
    "dataclasses.py",
    "difflib.py",
    "gettext.py",
    "http/__init__.py",
    "http/client.py",
    "json/__init__.py",
    "json/decoder.py",
    "json/encoder.py",
    "json/scanner.py",
    "lib-dynload/_ctypes.*",
    "lib-dynload/_json.*",
    "lib-dynload/_typing.*",
    "lzma.py",
    "pprint.py",
    "queue.py",
    "shlex.py",
    "shutil.py",
    "tarfile.py",
]

def python_repository():
    """Defines @pedigree_python: `bin/python3`, deaf to the environment."""
    debian_programs(
        name = "pedigree_python",
        build_file = Label("//third_party/python:python.BUILD.bazel"),
        exclude = [_LIB + path for path in _EXCLUDED],
        flags = [
            "-s",
            "-S",
            "-B",
        ],
        lock = Label("//third_party/python:archives.lock"),
        packages = {
            "libc6": [
                "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                "lib/x86_64-linux-gnu/libc.so.6",
                "lib/x86_64-linux-gnu/libm.so.6",
            ],
            "libexpat1": ["lib/x86_64-linux-gnu/libexpat.so.1*"],
            "libffi8": ["usr/lib/x86_64-linux-gnu/libffi.so.8*"],
            "libpython3.11-minimal": [_LIB.rstrip("/")],
            "libpython3.11-stdlib": [_LIB + path for path in _STDLIB],
            "python3.11-minimal": ["usr/bin/python3.11"],
            "zlib1g": ["lib/x86_64-linux-gnu/libz.so.1*"],
        },
        prelude = [
            "unset PYTHONPATH PYTHONSTARTUP PYTHONUSERBASE PYTHONPLATLIBDIR",
            "PYTHONHOME=$root/usr PYTHONHASHSEED=0 PYTHONUTF8=1 LC_ALL=C",
            "export PYTHONHOME PYTHONHASHSEED PYTHONUTF8 LC_ALL",
        ],
        programs = {"python3": "usr/bin/python3.11"},
    )
