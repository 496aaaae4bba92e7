// The canonical writer of `.slm` files: equal content, equal bytes.
// Specification: docs/formats/slm.md.

#ifndef PEDIGREE_PACKAGER_SLM_WRITER_H_
#define PEDIGREE_PACKAGER_SLM_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// The stored values of one tensor.
struct TensorData {
  DType dtype = DType::kF32;
  uint32_t block_size = 0;
  std::string payload;        // as docs/formats/slm.md "Storage types" says
  std::vector<float> scales;  // empty for f32
};

// A whole model. `tensors` are in the order of CanonicalTensors(shape).
struct SlmContent {
  ModelShape shape;
  std::string tokenizer_section;
  std::vector<TensorData> tensors;
};

// The file's bytes. Checks all that SlmReader would refuse, so what it returns
// always parses.
//
// Errors: kInvalidArgument, naming the tensor or field and both values.
absl::StatusOr<std::string> WriteSlm(const SlmContent& content);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SLM_WRITER_H_
