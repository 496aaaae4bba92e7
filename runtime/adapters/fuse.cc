#include "runtime/adapters/fuse.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/error_code.h"
#include "runtime/base/float_text.h"
#include "runtime/kernels/read_row.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/finite.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

absl::Status NotFinite(const TensorView& tensor, std::string_view tensor_name,
                       uint64_t row, absl::Span<const float> fused) {
  const size_t i = static_cast<size_t>(
      std::find_if_not(fused.begin(), fused.end(), IsFinite) - fused.begin());
  std::vector<float> before(fused.size());
  ReadRow(tensor, row, absl::MakeSpan(before));
  return MakeError(ErrorCode::kAdapterPayloadInvalid,
                   "Invalid adapter: fused value ", i, " of row ", row,
                   " of tensor \"", tensor_name, "\" is ", FloatText(fused[i]),
                   " (", FloatText(before[i]), " before)");
}

}  // namespace

void AddDeltas(const AdapterPayload& payload, uint64_t row,
               absl::Span<float> values) {
  const uint64_t begin = row * values.size();
  if (payload.kind == AdapterKind::kDense) {
    const float* deltas = &payload.deltas[static_cast<size_t>(begin)];
    for (size_t i = 0; i < values.size(); ++i) values[i] += deltas[i];
    return;
  }
  const absl::Span<const uint32_t> indices = payload.indices;
  const uint64_t end = begin + values.size();
  for (auto next = std::lower_bound(indices.begin(), indices.end(), begin);
       next != indices.end() && *next < end; ++next) {
    values[static_cast<size_t>(*next - begin)] +=
        payload.deltas[static_cast<size_t>(next - indices.begin())];
  }
}

absl::Status CheckFused(const Weights& weights, int index,
                        std::string_view tensor_name,
                        const AdapterPayload& payload) {
  const TensorView& tensor = weights.tensors()[index];
  std::vector<float> buffer(static_cast<size_t>(tensor.columns));
  const absl::Span<float> values = absl::MakeSpan(buffer);
  const bool low_rank = payload.kind == AdapterKind::kLowRank;
  for (uint64_t row = 0; row < tensor.rows; ++row) {
    ReadRow(tensor, row, values);
    if (!low_rank) AddDeltas(payload, row, values);
    for (const LowRank& path : weights.side_paths(index)) {
      LowRankRow(path, row, values);
    }
    if (low_rank) LowRankRow(payload.low_rank, row, values);
    // No sum leads back from an infinity or NaN, so the last one tells.
    if (!AllFinite(values)) return NotFinite(tensor, tensor_name, row, values);
  }
  return absl::OkStatus();
}

}  // namespace pedigree
