"""Rules that make models, adapters and descendants."""

load(
    "//packager:providers.bzl",
    _SlmAdapterInfo = "SlmAdapterInfo",
    _SlmModelInfo = "SlmModelInfo",
)
load("//packager/private:slm_adapter.bzl", _slm_adapter = "slm_adapter")
load("//packager/private:slm_descendant.bzl", _slm_descendant = "slm_descendant")
load("//packager/private:slm_model.bzl", _slm_model = "slm_model")

SlmAdapterInfo = _SlmAdapterInfo
SlmModelInfo = _SlmModelInfo

slm_adapter = _slm_adapter
slm_descendant = _slm_descendant
slm_model = _slm_model
