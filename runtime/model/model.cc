#include "runtime/model/model.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file_hashes.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

Weights StoredWeights(const SlmReader& reader) {
  std::vector<TensorView> views;
  views.reserve(reader.entries().size());
  for (size_t i = 0; i < reader.entries().size(); ++i) {
    views.push_back(ViewTensor(reader, static_cast<int>(i)));
  }
  return Weights(reader.shape(), std::move(views));
}

absl::StatusOr<std::unique_ptr<const Model>> Model::Load(ByteSpan file_bytes) {
  const FileHashes hashes = HashFile(file_bytes, kSlmChecksumOffset);
  PEDIGREE_ASSIGN_OR_RETURN(SlmReader reader,
                            SlmReader::ParseStructure(file_bytes));
  PEDIGREE_RETURN_IF_ERROR(reader.CheckChecksum(hashes.checksum));
  PEDIGREE_RETURN_IF_ERROR(reader.CheckValues());
  Weights weights = StoredWeights(reader);
  return Create(hashes.digest, std::move(reader), std::move(weights));
}

absl::StatusOr<std::unique_ptr<const Model>> Model::Create(
    const Digest& digest, SlmReader reader, Weights weights) {
  PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<const Tokenizer> tokenizer,
                            Tokenizer::Parse(reader.tokenizer_section(),
                                             reader.shape().vocab_size));
  return absl::WrapUnique(
      new const Model(digest, std::move(reader), std::move(tokenizer),
                      std::move(weights)));
}

Model::Model(const Digest& digest, SlmReader reader,
             std::unique_ptr<const Tokenizer> tokenizer, Weights weights)
    : digest_(digest),
      reader_(std::move(reader)),
      tokenizer_(std::move(tokenizer)),
      weights_(std::move(weights)) {}

}  // namespace pedigree
