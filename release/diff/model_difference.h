// What differs between two `.slm` files: header, tokenizer and tensors.

#ifndef PEDIGREE_RELEASE_DIFF_MODEL_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_MODEL_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/diff/tokenizer_difference.h"
#include "release/diff/value_difference.h"
#include "release/json_difference.h"
#include "runtime/base/byte_source.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// One tensor, by its canonical name, that is not the same in both.
struct TensorDifference {
  std::string name;
  // "f32 [2, 4]", "q8_0/32 [64, 32]"; empty where the model has no such tensor.
  std::string form_a;
  std::string form_b;
  // Columns of a matrix of that shape; an index is row * columns + column.
  uint64_t columns = 0;
  // The values, dequantised; absent when the shapes differ.
  std::optional<ValueDifference> values;
  // Bytes of the payload and numbers of scales that differ as stored; both
  // absent when the forms differ, the scales of f32 always 0.
  std::optional<uint64_t> stored_bytes;
  std::optional<uint64_t> stored_scales;
};

struct ModelDifference {
  // Fields of the header, as the format names them.
  std::vector<JsonDifference> header;
  std::optional<TokenizerDifference> tokenizer;
  // Tensors that either model has.
  uint64_t tensors = 0;
  // In canonical order, those that only `b` has last.
  std::vector<TensorDifference> differing;
};

// Reads structure alone: that values are finite and the stored checksum is
// right is not asked, so a damaged model can still be compared.
//
// Errors: those of SlmReader::ParseStructure.
absl::StatusOr<SlmReader> ReadModel(const ByteSource& model);

// Compares tensor by tensor, holding one row of each in memory, and releases
// the pages behind itself.
ModelDifference CompareModels(const ByteSource& bytes_a, const SlmReader& a,
                              const ByteSource& bytes_b, const SlmReader& b);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_MODEL_DIFFERENCE_H_
