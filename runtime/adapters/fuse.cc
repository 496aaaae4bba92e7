#include "runtime/adapters/fuse.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/float_text.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

absl::Status FuseRow(const TensorView& tensor, std::string_view tensor_name,
                     uint64_t row, absl::Span<const float> deltas,
                     absl::Span<float> out) {
  DequantizeRow(tensor, row, out);
  for (size_t i = 0; i < out.size(); ++i) {
    const float fused = out[i] + deltas[i];
    if (!IsFinite(fused)) {
      return MakeError(
          ErrorCode::kAdapterPayloadInvalid,
          absl::StrCat("Invalid adapter: fused value ", i, " of row ", row,
                       " of tensor \"", tensor_name, "\" is ",
                       FloatText(fused), " (", FloatText(out[i]), " plus ",
                       FloatText(deltas[i]), ")"));
    }
    out[i] = fused;
  }
  return absl::OkStatus();
}

absl::Status FuseTensor(const TensorView& tensor, std::string_view tensor_name,
                        absl::Span<const float> deltas,
                        absl::Span<float> out) {
  const size_t columns = static_cast<size_t>(tensor.columns);
  for (uint64_t row = 0; row < tensor.rows; ++row) {
    const size_t begin = static_cast<size_t>(row) * columns;
    PEDIGREE_RETURN_IF_ERROR(FuseRow(tensor, tensor_name, row,
                                     deltas.subspan(begin, columns),
                                     out.subspan(begin, columns)));
  }
  return absl::OkStatus();
}

}  // namespace pedigree
