#include "runtime/adapters/validate_adapter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

std::string Hex(uint64_t value) { return Concat("0x", HexNumber{value}); }

absl::Status CheckField(std::string_view field, const std::string& adapter,
                        const std::string& model) {
  if (adapter == model) return absl::OkStatus();
  return MakeError(ErrorCode::kAdapterIdentityMismatch,
                   "Adapter does not fit model: ", field, " ", adapter,
                   " (adapter), ", model, " (model)");
}

absl::Status CheckIdentity(const ParentIdentity& parent,
                           const SlmReader& model, const Digest& model_digest,
                           absl::Span<const Sibling> siblings) {
  PEDIGREE_RETURN_IF_ERROR(CheckField("flags", Hex(parent.model_flags),
                                      Hex(model.flags())));
  PEDIGREE_RETURN_IF_ERROR(CheckField("tensor count",
                                      Concat(parent.tensor_count),
                                      Concat(model.entries().size())));
  PEDIGREE_RETURN_IF_ERROR(CheckField("parameter count",
                                      Concat(parent.parameter_count),
                                      Concat(model.parameter_count())));
  PEDIGREE_RETURN_IF_ERROR(CheckField("tensor layout checksum",
                                      Hex(parent.tensor_layout_checksum),
                                      Hex(model.tensor_layout_checksum())));
  PEDIGREE_RETURN_IF_ERROR(CheckField("tokenizer checksum",
                                      Hex(parent.tokenizer_checksum),
                                      Hex(model.tokenizer_checksum())));
  if (FindSibling(parent.model_digest, siblings) != nullptr) {
    return absl::OkStatus();
  }
  return CheckField("model digest", parent.model_digest.ToString(),
                    model_digest.ToString());
}

std::string DimsText(uint32_t rank, const std::array<uint32_t, 4>& dims) {
  std::string text = "[";
  for (uint32_t i = 0; i < rank && i < dims.size(); ++i) {
    Append(text, {i == 0 ? "" : ", ", dims[i]});
  }
  return text + "]";
}

// `seen[i]` tells whether an earlier payload was for tensor i.
absl::Status CheckPayload(const AdapterPayload& payload, size_t position,
                          const SlmReader& model, std::vector<bool>& seen) {
  const int index = model.FindTensor(payload.name_hash);
  if (index < 0) {
    return MakeError(ErrorCode::kAdapterPayloadInvalid,
                     "Invalid adapter: payload ", position,
                     " is for name hash ", Hex(payload.name_hash),
                     ", which the model has no tensor of");
  }
  const TensorSpec& spec = model.specs()[index];
  if (seen[index]) {
    return MakeError(ErrorCode::kAdapterPayloadInvalid,
                     "Invalid adapter: payload ", position,
                     " is a second one for tensor \"", spec.name, "\"");
  }
  seen[index] = true;
  if (payload.rank == spec.rank && payload.dims == spec.dims) {
    return absl::OkStatus();
  }
  return MakeError(ErrorCode::kAdapterPayloadInvalid,
                   "Invalid adapter: payload ", position, " for tensor \"",
                   spec.name, "\" has shape ",
                   DimsText(payload.rank, payload.dims), " (model has ",
                   DimsText(spec.rank, spec.dims), ")");
}

}  // namespace

const Sibling* FindSibling(const Digest& model_digest,
                           absl::Span<const Sibling> siblings) {
  const auto found =
      std::find_if(siblings.begin(), siblings.end(),
                   [&](const Sibling& sibling) {
                     return sibling.model_digest == model_digest;
                   });
  return found == siblings.end() ? nullptr : &*found;
}

absl::Status ValidateAdapter(const AdapterReader& adapter,
                             const SlmReader& model,
                             const Digest& model_digest,
                             absl::Span<const Sibling> siblings) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckIdentity(adapter.parent(), model, model_digest, siblings));
  std::vector<bool> seen(model.specs().size());
  for (size_t i = 0; i < adapter.payloads().size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckPayload(adapter.payloads()[i], i, model, seen));
  }
  return absl::OkStatus();
}

}  // namespace pedigree
