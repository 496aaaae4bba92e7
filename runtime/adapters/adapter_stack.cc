#include "runtime/adapters/adapter_stack.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/adapters/assembly.h"
#include "runtime/adapters/fuse.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_reader.h"
#include "runtime/kernels/read_row.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/model.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

absl::Span<float> Floats(const AlignedBuffer& buffer) {
  return {reinterpret_cast<float*>(buffer.data()),
          buffer.size() / sizeof(float)};
}

// The tensor's values in f32 with the deltas of `payload` added.
absl::StatusOr<AlignedBuffer> Materialize(const TensorView& tensor,
                                          const AdapterPayload& payload) {
  PEDIGREE_ASSIGN_OR_RETURN(
      AlignedBuffer buffer,
      AlignedBuffer::Allocate(payload.value_count() * sizeof(float),
                              "an adapted tensor"));
  const size_t columns = static_cast<size_t>(tensor.columns);
  for (uint64_t row = 0; row < tensor.rows; ++row) {
    const absl::Span<float> values = Floats(buffer).subspan(
        static_cast<size_t>(row) * columns, columns);
    ReadRow(tensor, row, values);
    AddDeltas(payload, row, values);
  }
  return buffer;
}

absl::StatusOr<AlignedBuffer> CopyFactor(absl::Span<const float> factor) {
  PEDIGREE_ASSIGN_OR_RETURN(
      AlignedBuffer buffer,
      AlignedBuffer::Allocate(factor.size() * sizeof(float),
                              "a low-rank factor"));
  std::copy(factor.begin(), factor.end(), Floats(buffer).begin());
  return buffer;
}

// Adds a copy of `path`, whose factors go behind `factors`, to `weights`.
absl::Status AddSidePath(int index, LowRank path, Weights& weights,
                         std::vector<AlignedBuffer>& factors) {
  for (absl::Span<const float>* factor : {&path.a, &path.b}) {
    PEDIGREE_ASSIGN_OR_RETURN(AlignedBuffer copy, CopyFactor(*factor));
    *factor = Floats(copy);
    factors.push_back(std::move(copy));
  }
  weights.AddSidePath(index, path);
  return absl::OkStatus();
}

}  // namespace

AdapterStack::AdapterStack(const Model& model, const Weights& base)
    : model_(&model), base_(base), weights_(base) {}

absl::StatusOr<AdapterReader> AdapterStack::Check(
    ByteSpan adapter_bytes, const Digest& digest,
    const ApplyOptions& options) const {
  PEDIGREE_ASSIGN_OR_RETURN(AdapterReader adapter,
                            AdapterReader::Parse(adapter_bytes));
  const SlmReader& model = model_->reader();
  PEDIGREE_RETURN_IF_ERROR(
      ValidateAdapter(adapter, model, model_->digest(), options.siblings));
  if (!options.allow_repeat &&
      std::find(digests_.begin(), digests_.end(), digest) != digests_.end()) {
    return MakeError(ErrorCode::kInvalidAdapter,
                     absl::StatusCode::kFailedPrecondition,
                     "Adapter is applied already: ", digest.ToString());
  }
  for (const AdapterPayload& payload : adapter.payloads()) {
    const int index = model.FindTensor(payload.name_hash);
    PEDIGREE_RETURN_IF_ERROR(
        CheckFused(weights_, index, model.specs()[index].name, payload));
  }
  return adapter;
}

absl::Status AdapterStack::Validate(ByteSpan adapter_bytes,
                                    const ApplyOptions& options) const {
  return Check(adapter_bytes, Sha256(adapter_bytes), options).status();
}

absl::Status AdapterStack::Apply(ByteSpan adapter_bytes,
                                 const ApplyOptions& options) {
  const Digest digest = Sha256(adapter_bytes);
  PEDIGREE_ASSIGN_OR_RETURN(const AdapterReader adapter,
                            Check(adapter_bytes, digest, options));
  // From here on only memory can lack, and nothing is changed until it is
  // there.
  Weights weights = weights_;
  std::map<int, AlignedBuffer> materialized;
  std::vector<AlignedBuffer> factors;
  for (const AdapterPayload& payload : adapter.payloads()) {
    const int index = model_->reader().FindTensor(payload.name_hash);
    if (payload.kind == AdapterKind::kLowRank) {
      PEDIGREE_RETURN_IF_ERROR(
          AddSidePath(index, payload.low_rank, weights, factors));
      continue;
    }
    const TensorView& tensor = weights_.tensors()[index];
    PEDIGREE_ASSIGN_OR_RETURN(AlignedBuffer values,
                              Materialize(tensor, payload));
    weights.Replace(index,
                    ViewF32(Floats(values), tensor.rows, tensor.columns));
    materialized.insert_or_assign(index, std::move(values));
  }
  weights_ = std::move(weights);
  for (auto& [index, values] : materialized) {
    materialized_.insert_or_assign(index, std::move(values));
  }
  std::move(factors.begin(), factors.end(), std::back_inserter(factors_));
  digests_.push_back(digest);
  adapter_bytes_ += adapter_bytes.size();
  const Digest& parent = adapter.parent().model_digest;
  if (parent != model_->digest()) {
    const Sibling& sibling = *FindSibling(parent, options.siblings);
    receipt_digests_.insert(sibling.receipt_digests.begin(),
                            sibling.receipt_digests.end());
  }
  return absl::OkStatus();
}

void AdapterStack::Reset() {
  weights_ = base_;
  materialized_.clear();
  factors_.clear();
  digests_.clear();
  receipt_digests_.clear();
  adapter_bytes_ = 0;
}

Digest AdapterStack::assembly_digest() const {
  return AssemblyDigest(model_->digest(), digests_);
}

uint64_t AdapterStack::materialized_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [index, values] : materialized_) bytes += values.size();
  for (const AlignedBuffer& factor : factors_) bytes += factor.size();
  return bytes;
}

}  // namespace pedigree
