// A base model with adapters on top.
// Specification: docs/formats/adapter.md, "Applying".

#ifndef PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_STACK_H_
#define PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_STACK_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/model/model.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/aligned_buffer.h"

namespace pedigree {

// Holds an f32 copy of each tensor that an adapter touches; all others, and
// the base itself, stay where they are and are never written. Not thread-safe.
class AdapterStack {
 public:
  // `model` must outlive the stack.
  explicit AdapterStack(const Model& model);

  // Whether Apply would succeed, memory aside; changes nothing.
  //
  // Errors: those of AdapterReader::Parse and ValidateAdapter; code
  // AdapterPayloadInvalid when a fused value is not finite; code
  // InvalidAdapter when the same adapter is applied already.
  absl::Status Validate(ByteSpan adapter_bytes) const;

  // Adds the deltas to the tensors as they are now: all of them, or on an
  // error none. Does not keep `adapter_bytes`. The f32 value of a touched
  // tensor is its dequantized value plus the deltas in order of application.
  //
  // Errors: as Validate, and code ResourceLimit.
  absl::Status Apply(ByteSpan adapter_bytes);

  // Back to the base, exactly.
  void Reset();

  // The tensors with all adapters applied; valid until Apply or Reset.
  const Weights& weights() const { return weights_; }
  // SHA-256 of each adapter, in order of application.
  absl::Span<const Digest> digests() const { return digests_; }
  // Digest of the base with these adapters.
  Digest assembly_digest() const;

  // Bytes of the adapter files, and of the f32 copies.
  uint64_t adapter_bytes() const { return adapter_bytes_; }
  uint64_t materialized_bytes() const;

 private:
  // f32 values by tensor index.
  using Tensors = std::map<int, AlignedBuffer>;

  absl::Status CheckFits(const AdapterReader& adapter,
                         const Digest& digest) const;

  const Model* model_;
  Weights weights_;
  Tensors materialized_;
  std::vector<Digest> digests_;
  uint64_t adapter_bytes_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_STACK_H_
