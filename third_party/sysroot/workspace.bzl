"""The C library of Debian 12 for x86-64: headers, stubs and start files."""

load("//third_party:archives.bzl", "debian_archive")

_LIB = "lib/x86_64-linux-gnu/"
_USR_LIB = "usr/lib/x86_64-linux-gnu/"

# What <sys/...>, <netinet/...> and Abseil include; all 900 would cost a link
# each in every sandbox.
LINUX_HEADERS = [
    "auxvec.h",
    "byteorder/little_endian.h",
    "close_range.h",
    "const.h",
    "errno.h",
    "falloc.h",
    "fs.h",
    "fscrypt.h",
    "futex.h",
    "ioctl.h",
    "irqnr.h",
    "limits.h",
    "magic.h",
    "membarrier.h",
    "memfd.h",
    "mman.h",
    "mount.h",
    "param.h",
    "perf_event.h",
    "posix_types.h",
    "prctl.h",
    "random.h",
    "rseq.h",
    "sched.h",
    "stat.h",
    "stddef.h",
    "swab.h",
    "time.h",
    "time_types.h",
    "types.h",
    "unistd.h",
    "version.h",
]

# Networks and devices that nothing here speaks to.
EXCLUDED_HEADERS = [
    "usr/include/" + folder
    for folder in [
        "finclude",
        "netash",
        "netatalk",
        "netax25",
        "neteconet",
        "netipx",
        "netiucv",
        "netrom",
        "netrose",
        "nfs",
        "protocols",
        "scsi",
    ]
]

def sysroot_repository():
    debian_archive(
        name = "pedigree_sysroot",
        build_file = Label("//third_party/sysroot:sysroot.BUILD.bazel"),
        exclude = EXCLUDED_HEADERS,
        lock = Label("//third_party/sysroot:archives.lock"),
        packages = {
            "libc6": [
                _LIB + name
                for name in [
                    "ld-linux-x86-64.so.2",
                    "libc.so.6",
                    "libm.so.6",
                    "libmvec.so.1",
                ]
            ] + ["lib64/ld-linux-x86-64.so.2"],
            "libc6-dev": ["usr/include"] + [
                _USR_LIB + name
                for name in [
                    "Scrt1.o",
                    "crt1.o",
                    "crti.o",
                    "crtn.o",
                    "libc.so",
                    "libc_nonshared.a",
                    "libdl.a",
                    "libm.so",
                    "libpthread.a",
                    "libresolv.a",
                    "librt.a",
                    "libutil.a",
                    "rcrt1.o",
                ]
            ],
            "linux-libc-dev": [
                "usr/include/asm-generic",
                "usr/include/x86_64-linux-gnu/asm",
            ] + ["usr/include/linux/" + name for name in LINUX_HEADERS],
        },
    )
