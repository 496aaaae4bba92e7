// Reading adapter files. Specification: docs/formats/adapter.md.

#ifndef PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_READER_H_
#define PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_READER_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kAdp1Magic = "ADP1";
inline constexpr uint32_t kAdapterVersion = 1;
inline constexpr uint32_t kAdapterHeaderBytes = 112;
inline constexpr uint32_t kAdapterEntryBytes = 96;
inline constexpr uint32_t kAdapterReservedOffset = 72;  // in an entry
inline constexpr uint32_t kAdapterAlignment = 64;
inline constexpr uint64_t kAdapterChecksumOffset = 104;
inline constexpr uint32_t kAdapterKindDense = 1;

// What an adapter says about the only model it may change.
struct ParentIdentity {
  uint32_t model_flags = 0;
  uint32_t tensor_count = 0;
  uint64_t parameter_count = 0;
  uint64_t tensor_layout_checksum = 0;
  uint64_t tokenizer_checksum = 0;
  Digest model_digest;
};

// One dense payload: deltas of a whole tensor, row-major.
struct AdapterPayload {
  uint64_t name_hash = 0;
  uint32_t rank = 0;
  std::array<uint32_t, 4> dims = {};
  absl::Span<const float> deltas;
};

// A checked view of one ADP1 file. Borrows the bytes. Immutable.
class AdapterReader {
 public:
  // Checks header, ranges, directory (ascending name_hash order is not
  // required; canonical order is the parent's tensor order), checksum and that
  // every delta is finite. `file_bytes` must be 4-byte aligned and outlive the
  // reader. Whether it fits a model is checked by ValidateAdapter.
  //
  // Errors: codes InvalidAdapter, AdapterPayloadInvalid, ChecksumMismatch;
  // ASP1 and ALR1 are kUnimplemented with code InvalidAdapter.
  static absl::StatusOr<AdapterReader> Parse(ByteSpan file_bytes);

  ByteSpan file_bytes() const { return file_bytes_; }
  const ParentIdentity& parent() const { return parent_; }
  absl::Span<const AdapterPayload> payloads() const { return payloads_; }
  uint64_t checksum() const { return checksum_; }

 private:
  AdapterReader() = default;

  ByteSpan file_bytes_;
  ParentIdentity parent_;
  std::vector<AdapterPayload> payloads_;
  uint64_t checksum_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_READER_H_
