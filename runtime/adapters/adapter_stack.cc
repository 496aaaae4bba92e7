#include "runtime/adapters/adapter_stack.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/adapters/assembly.h"
#include "runtime/adapters/fuse.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/model.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

absl::Span<float> Floats(const AlignedBuffer& buffer) {
  return {reinterpret_cast<float*>(buffer.data()),
          buffer.size() / sizeof(float)};
}

absl::Status CheckFusedRows(const TensorView& tensor, const TensorSpec& spec,
                            absl::Span<const float> deltas) {
  const size_t columns = static_cast<size_t>(tensor.columns);
  std::vector<float> row(columns);
  for (uint64_t r = 0; r < tensor.rows; ++r) {
    PEDIGREE_RETURN_IF_ERROR(
        FuseRow(tensor, spec.name, r,
                deltas.subspan(static_cast<size_t>(r) * columns, columns),
                absl::MakeSpan(row)));
  }
  return absl::OkStatus();
}

}  // namespace

AdapterStack::AdapterStack(const Model& model)
    : model_(&model), weights_(model.weights()) {}

absl::Status AdapterStack::CheckFits(const AdapterReader& adapter,
                                     const Digest& digest) const {
  PEDIGREE_RETURN_IF_ERROR(
      ValidateAdapter(adapter, model_->reader(), model_->digest()));
  if (std::find(digests_.begin(), digests_.end(), digest) != digests_.end()) {
    return MakeError(ErrorCode::kInvalidAdapter,
                     absl::StatusCode::kFailedPrecondition,
                     absl::StrCat("Adapter is applied already: ",
                                  digest.ToString()));
  }
  return absl::OkStatus();
}

absl::Status AdapterStack::Validate(ByteSpan adapter_bytes) const {
  PEDIGREE_ASSIGN_OR_RETURN(const AdapterReader adapter,
                            AdapterReader::Parse(adapter_bytes));
  PEDIGREE_RETURN_IF_ERROR(CheckFits(adapter, Sha256(adapter_bytes)));
  for (const AdapterPayload& payload : adapter.payloads()) {
    const int index = model_->reader().FindTensor(payload.name_hash);
    PEDIGREE_RETURN_IF_ERROR(CheckFusedRows(weights_.tensors()[index],
                                            model_->reader().specs()[index],
                                            payload.deltas));
  }
  return absl::OkStatus();
}

absl::Status AdapterStack::Apply(ByteSpan adapter_bytes) {
  PEDIGREE_ASSIGN_OR_RETURN(const AdapterReader adapter,
                            AdapterReader::Parse(adapter_bytes));
  const Digest digest = Sha256(adapter_bytes);
  PEDIGREE_RETURN_IF_ERROR(CheckFits(adapter, digest));
  Tensors fused;
  for (const AdapterPayload& payload : adapter.payloads()) {
    const int index = model_->reader().FindTensor(payload.name_hash);
    PEDIGREE_ASSIGN_OR_RETURN(
        AlignedBuffer buffer,
        AlignedBuffer::Allocate(payload.deltas.size() * sizeof(float),
                                "an adapted tensor"));
    PEDIGREE_RETURN_IF_ERROR(FuseTensor(weights_.tensors()[index],
                                        model_->reader().specs()[index].name,
                                        payload.deltas, Floats(buffer)));
    fused.insert_or_assign(index, std::move(buffer));
  }
  for (auto& [index, buffer] : fused) {
    const TensorView& base = model_->weights().tensors()[index];
    weights_.Replace(index, ViewF32(Floats(buffer), base.rows, base.columns));
    materialized_.insert_or_assign(index, std::move(buffer));
  }
  digests_.push_back(digest);
  adapter_bytes_ += adapter_bytes.size();
  return absl::OkStatus();
}

void AdapterStack::Reset() {
  weights_ = model_->weights();
  materialized_.clear();
  digests_.clear();
  adapter_bytes_ = 0;
}

Digest AdapterStack::assembly_digest() const {
  return AssemblyDigest(model_->digest(), digests_);
}

uint64_t AdapterStack::materialized_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [index, buffer] : materialized_) bytes += buffer.size();
  return bytes;
}

}  // namespace pedigree
