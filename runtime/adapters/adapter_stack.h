// A base model with adapters on top.
// Specification: docs/formats/adapter.md, "Applying".

#ifndef PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_STACK_H_
#define PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_STACK_H_

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/model/model.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {

struct ApplyOptions {
  // Whether an adapter may go on top that is applied already. Default: no.
  bool allow_repeat = false;
  // Models that were shown to be the base but for the storage of their tensors:
  // an adapter of one fits the base too. Default: none.
  absl::Span<const Sibling> siblings;
};

// Holds an f32 copy of each tensor that deltas touch, and the low-rank factors;
// all other tensors, and the base itself, stay where they are and are never
// written. Not thread-safe.
class AdapterStack {
 public:
  // `model` must outlive the stack.
  explicit AdapterStack(const Model& model)
      : AdapterStack(model, model.weights()) {}
  // On another form of the model's own weights, as PackedWeights gives it, which
  // must outlive the stack too.
  AdapterStack(const Model& model, const Weights& base);

  // Whether Apply would succeed, memory aside; changes nothing.
  //
  // Errors: those of AdapterReader::Parse, ValidateAdapter and CheckFused; code
  // InvalidAdapter when the same adapter is applied already.
  absl::Status Validate(ByteSpan adapter_bytes,
                        const ApplyOptions& options = {}) const;

  // Puts the adapter on top of those that are applied: all its payloads, or on
  // an error none. Does not keep `adapter_bytes`. The f32 value of a tensor
  // with deltas is its dequantized value plus the deltas in order of
  // application; low-rank factors become side paths of the weights.
  //
  // Errors: as Validate, and code ResourceLimit.
  absl::Status Apply(ByteSpan adapter_bytes, const ApplyOptions& options = {});

  // Back to the base, exactly.
  void Reset();

  // The tensors with all adapters applied; valid until Apply or Reset.
  const Weights& weights() const { return weights_; }
  // SHA-256 of each adapter, in order of application.
  absl::Span<const Digest> digests() const { return digests_; }
  // Digest of the base with these adapters.
  Digest assembly_digest() const;
  // Of the receipts by which adapters of siblings were accepted.
  const std::set<Digest>& receipt_digests() const { return receipt_digests_; }

  // Bytes of the adapter files, and of the f32 copies and factors.
  uint64_t adapter_bytes() const { return adapter_bytes_; }
  uint64_t materialized_bytes() const;

 private:
  // The adapter, checked in every way that Validate promises.
  absl::StatusOr<AdapterReader> Check(ByteSpan adapter_bytes,
                                      const Digest& digest,
                                      const ApplyOptions& options) const;

  const Model* model_;
  // Without adapters, and with those applied.
  Weights base_;
  Weights weights_;
  // f32 values by tensor index.
  std::map<int, AlignedBuffer> materialized_;
  // A and B of each side path.
  std::vector<AlignedBuffer> factors_;
  std::vector<Digest> digests_;
  std::set<Digest> receipt_digests_;
  uint64_t adapter_bytes_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_STACK_H_
