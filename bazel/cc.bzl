"""C++ rules of this project: the native ones with its warnings as errors.

Attributes are those of the native rules. Code generation flags live in the
toolchains (//third_party/clang and //third_party/emscripten), so that they hold
for third-party code as well.
"""

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
]

# WebAssembly modules are compiled for size, but for what runs again and again.
_INNER_LOOP_COPTS = select({
    "@platforms//cpu:wasm32": ["-O3"],
    "//conditions:default": [],
})

def slm_cc_library(copts = [], inner_loops = False, **kwargs):
    """A C++ library.

    Args:
      copts: further compiler flags.
      inner_loops: compiled for speed in WebAssembly, too. Default: False.
      **kwargs: as for cc_library.
    """
    if inner_loops:
        copts = _INNER_LOOP_COPTS + copts
    native.cc_library(copts = _COPTS + copts, **kwargs)

def slm_cc_binary(copts = [], **kwargs):
    native.cc_binary(copts = _COPTS + copts, **kwargs)

_C_COPTS = _COPTS + [
    "-std=c11",
    "-pedantic",
]

def slm_c_binary(copts = [], **kwargs):
    native.cc_binary(copts = _C_COPTS + copts, **kwargs)

def slm_c_test(copts = [], **kwargs):
    """A test written in C; it passes when its main function returns 0.

    Args:
      copts: further compiler flags.
      **kwargs: as for cc_test.
    """
    native.cc_test(
        copts = _C_COPTS + copts,
        **kwargs
    )

def slm_cc_test(copts = [], deps = [], **kwargs):
    """A GoogleTest test; the main function comes with it.

    Args:
      copts: further compiler flags.
      deps: libraries under test; GoogleTest is added.
      **kwargs: as for cc_test.
    """
    native.cc_test(
        copts = _COPTS + copts,
        deps = deps + [Label("@com_google_googletest//:gtest_main")],
        **kwargs
    )
