"""Fuzz targets.

    slm_fuzz_test(
        name = "slm_reader_fuzz",
        srcs = ["slm_reader_fuzz.cc"],
        corpus = {"//fixtures/slm:valid": "fixtures/slm/valid"},
        deps = [":slm_reader"],
    )

makes two programs of a source that defines `LLVMFuzzerTestOneInput`:

  slm_reader_fuzz_test  replays the corpus and what is near it, in every test run
  slm_reader_fuzz       libFuzzer on it, built by `--config=fuzz`; ci/fuzz.sh runs
                        every such program of the tree
"""

load("//bazel:cc.bzl", "slm_cc_binary", "slm_cc_library", "slm_cc_test")

def slm_fuzz_test(name, srcs, corpus, deps, **kwargs):
    """A fuzz target with its corpus.

    Args:
      name: name of the fuzzer, `<something>_fuzz`.
      srcs: the source.
      corpus: dict from the label of a corpus folder's files to the folder.
      deps: libraries under test.
      **kwargs: as for cc_test, given to the replay.
    """
    slm_cc_library(
        name = name + "_target",
        testonly = True,
        srcs = srcs,
        deps = deps,
        alwayslink = True,
    )
    slm_cc_test(
        name = name + "_test",
        args = corpus.values(),
        data = corpus.keys(),
        deps = [
            ":%s_target" % name,
            "//runtime/testing:fuzz_replay",
        ],
        **kwargs
    )
    slm_cc_binary(
        name = name,
        testonly = True,
        # ci/fuzz.sh takes the files beside the program as its seeds.
        data = corpus.keys(),
        features = ["fuzzer_main"],
        tags = [
            "fuzzer",
            "manual",
        ],
        deps = [":%s_target" % name],
    )
