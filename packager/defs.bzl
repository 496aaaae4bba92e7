"""Rules that make and train models, adapters, tokenizers and descendants."""

load(
    "//packager:providers.bzl",
    _SlmAdapterInfo = "SlmAdapterInfo",
    _SlmModelInfo = "SlmModelInfo",
)
load("//packager/private:slm_adapter.bzl", _slm_adapter = "slm_adapter")
load("//packager/private:slm_adapter_train.bzl", _slm_adapter_train = "slm_adapter_train")
load("//packager/private:slm_descendant.bzl", _slm_descendant = "slm_descendant")
load("//packager/private:slm_model.bzl", _slm_model = "slm_model")
load("//packager/private:slm_tokenizer_train.bzl", _slm_tokenizer_train = "slm_tokenizer_train")
load("//packager/private:slm_train.bzl", _slm_train = "slm_train")

SlmAdapterInfo = _SlmAdapterInfo
SlmModelInfo = _SlmModelInfo

slm_adapter = _slm_adapter
slm_adapter_train = _slm_adapter_train
slm_descendant = _slm_descendant
slm_model = _slm_model
slm_tokenizer_train = _slm_tokenizer_train
slm_train = _slm_train
