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

def slm_cc_library(copts = [], **kwargs):
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
