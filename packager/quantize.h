// Between f32 values and the storage types of `.slm` files.
// Specification: docs/formats/slm.md, "Storage types".

#ifndef PEDIGREE_PACKAGER_QUANTIZE_H_
#define PEDIGREE_PACKAGER_QUANTIZE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "packager/slm_writer.h"
#include "runtime/format/slm_format.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// Columns that one scale covers in block formats.
inline constexpr uint32_t kQuantBlockColumns = 32;

// Another storage for the matrices whose names match `pattern`: a shell pattern
// with `*`, `?` and `[...]`.
struct StorageOverride {
  std::string pattern;
  DType dtype = DType::kF32;
};

// What is asked for the matrices of a model. Rank-1 tensors stay f32.
struct StorageRequest {
  // Storage of every matrix. Default: f32.
  DType dtype = DType::kF32;
  // Whether a q8_0 scale covers 32 columns of a row, and not the row; a row
  // whose width is no multiple of 32 keeps one scale. Default: false.
  bool q8_0_blocks = false;
  // Import only: each matrix stays as the checkpoint stores it where this
  // format has that storage, and is f32 otherwise; the other fields don't
  // matter. Default: false.
  bool as_source = false;
  // Of several that match, the first one holds.
  std::vector<StorageOverride> overrides = {};
};

// How one tensor is stored under a request.
struct TensorStorageChoice {
  DType dtype = DType::kF32;
  uint32_t block_size = 0;
  // Why it is not as asked; empty when it is.
  std::string reason;
};

// f32 for rank 1. A q4_0 matrix whose width is no multiple of 32 becomes q8_0,
// one scale a row.
TensorStorageChoice ChooseStorage(const TensorSpec& tensor,
                                  const StorageRequest& request);

// kInvalidArgument for an override that none of the matrices matches.
absl::Status CheckOverrides(absl::Span<const TensorSpec> tensors,
                            const StorageRequest& request);

// `values`, row-major [rows, columns], in a storage that TensorStorage allows.
// All values must be finite.
//
// q8_0: scale = max|group| / 127; q = value / scale, rounded half to even and
// clamped to [-127, 127]. q4_0: scale = the value of largest magnitude (the
// first on ties) / -8; q clamped to [-8, 7]; two's-complement nibbles, low
// first. Where a row has several q4_0 scales, those of a tensor whose largest is
// between 2^-10 and 65504 are rounded to half precision before they are used, so
// that kernels can keep them in two bytes. A group whose scale would be 0 gets
// zeros and scale 1.
TensorData StoreTensor(absl::Span<const float> values, uint64_t columns,
                       DType dtype, uint32_t block_size);

// Whether StoreRows must know the largest |value| of the tensor.
bool NeedsLargest(uint64_t columns, DType dtype, uint32_t block_size);

// StoreTensor's result for some rows of a tensor whose largest |value| is
// `largest`.
TensorData StoreRows(absl::Span<const float> values, uint64_t columns,
                     DType dtype, uint32_t block_size, float largest);

// max |values|, 0 for none.
float LargestMagnitude(absl::Span<const float> values);

// The values of `tensor`, row-major, as the runtime dequantizes them.
std::vector<float> LoadTensor(const TensorView& tensor);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_QUANTIZE_H_
