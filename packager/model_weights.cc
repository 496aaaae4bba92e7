#include "packager/model_weights.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status CheckCount(const TensorSpec& tensor,
                        const std::vector<float>& values) {
  if (values.size() == tensor.element_count()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid model: tensor \"", tensor.name, "\" has ", values.size(),
      " values (expected ", tensor.element_count(), ")"));
}

}  // namespace

absl::StatusOr<ModelSource> SourceOf(ModelWeights weights) {
  const std::vector<TensorSpec> specs = CanonicalTensors(weights.shape);
  if (weights.tensors.size() != specs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid model: ", weights.tensors.size(),
                     " tensors (expected ", specs.size(), ")"));
  }
  const auto owner = std::make_shared<const std::vector<std::vector<float>>>(
      std::move(weights.tensors));
  ModelSource source;
  source.shape = weights.shape;
  source.tokenizer_section = std::move(weights.tokenizer_section);
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::vector<float>& values = (*owner)[i];
    PEDIGREE_RETURN_IF_ERROR(CheckCount(specs[i], values));
    SourceTensor& tensor = source.tensors.emplace_back();
    tensor.name = specs[i].name;
    tensor.values = ByteSpan(reinterpret_cast<const uint8_t*>(values.data()),
                             values.size() * sizeof(float));
  }
  source.owner = owner;
  return source;
}

absl::StatusOr<StoredModel> StoreModel(ModelWeights weights,
                                       const StorageRequest& request) {
  PEDIGREE_ASSIGN_OR_RETURN(const ModelSource source,
                            SourceOf(std::move(weights)));
  StoredModel model;
  StringSink sink(&model.file_bytes);
  PEDIGREE_ASSIGN_OR_RETURN(StoredSource stored,
                            StoreSource(source, request, &sink));
  model.exceptions = std::move(stored.exceptions);
  return model;
}

}  // namespace pedigree
