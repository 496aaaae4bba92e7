#include "runtime/format/slm_values.h"

#include <limits>
#include <optional>

#include "runtime/base/error_code.h"
#include "runtime/base/float_text.h"
#include "runtime/format/finite.h"

namespace pedigree {
namespace {

bool IsValidScale(DType dtype, float scale) {
  constexpr float kMax = std::numeric_limits<float>::max();
  if (scale > 0) return scale <= kMax;
  return dtype == DType::kQ4_0 && scale < 0 && scale >= -kMax;
}

template <typename... Parts>
absl::Status ValueError(std::string_view tensor, const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidTensorDirectory,
                   "Invalid .slm file: tensor \"", tensor, "\" has ", parts...);
}

}  // namespace

absl::Status CheckF32Values(std::string_view tensor, ByteSpan payload,
                            uint64_t first_index) {
  const std::optional<uint64_t> index = FindNonFinite(payload);
  if (!index.has_value()) return absl::OkStatus();
  const auto value =
      LoadLittleEndian<float>(payload.data() + *index * sizeof(float));
  return ValueError(tensor, "value ", FloatText(value), " at index ",
                    first_index + *index, " (must be finite)");
}

absl::Status CheckScales(std::string_view tensor, DType dtype,
                         absl::Span<const float> scales,
                         uint64_t first_index) {
  for (size_t i = 0; i < scales.size(); ++i) {
    if (IsValidScale(dtype, scales[i])) continue;
    return ValueError(tensor, "scale ", FloatText(scales[i]),
                      " at index ", first_index + i, " (", DTypeName(dtype),
                      dtype == DType::kQ4_0
                          ? " scales are finite and nonzero)"
                          : " scales are finite and positive)");
  }
  return absl::OkStatus();
}

}  // namespace pedigree
