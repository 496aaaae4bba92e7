// Reading adapter files. Specification: docs/formats/adapter.md.

#ifndef PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_READER_H_
#define PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_READER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/model/low_rank.h"

namespace pedigree {

inline constexpr uint32_t kAdapterVersion = 1;
inline constexpr uint32_t kAdapterHeaderBytes = 112;
inline constexpr uint32_t kAdapterEntryBytes = 96;
inline constexpr uint32_t kAdapterReservedOffset = 72;  // in an entry
inline constexpr uint32_t kAdapterAlignment = 64;
inline constexpr uint64_t kAdapterChecksumOffset = 104;

// What the payloads of an adapter are; all are of one kind, its family's.
enum class AdapterKind : uint32_t {
  kDense = 1,    // ADP1
  kSparse = 2,   // ASP1
  kLowRank = 3,  // ALR1
};

// "dense", "sparse" or "low-rank".
std::string_view AdapterKindName(AdapterKind kind);
// The family's magic: "ADP1", "ASP1" or "ALR1"; and back.
std::string_view AdapterFamily(AdapterKind kind);
std::optional<AdapterKind> FindAdapterFamily(std::string_view magic);

// What an adapter says about the only model it may change.
struct ParentIdentity {
  uint32_t model_flags = 0;
  uint32_t tensor_count = 0;
  uint64_t parameter_count = 0;
  uint64_t tensor_layout_checksum = 0;
  uint64_t tokenizer_checksum = 0;
  Digest model_digest;
};

// What one tensor gets. Row-major everywhere.
struct AdapterPayload {
  uint64_t name_hash = 0;
  AdapterKind kind = AdapterKind::kDense;
  // The tensor's shape.
  uint32_t rank = 0;
  std::array<uint32_t, 4> dims = {};
  // kDense: one for each value of the tensor. kSparse: one for each of
  // `indices`.
  absl::Span<const float> deltas;
  // kSparse: indices of values of the tensor, strictly ascending.
  absl::Span<const uint32_t> indices;
  // kLowRank.
  LowRank low_rank;

  // Of the whole tensor.
  uint64_t value_count() const;
};

// A checked view of one adapter file. Borrows the bytes. Immutable.
class AdapterReader {
 public:
  // Checks header, ranges, directory (ascending name_hash order is not
  // required; canonical order is the parent's tensor order), checksum, that
  // every delta and factor is finite and that indices ascend inside their
  // tensor. `file_bytes` must be 4-byte aligned and outlive the reader. Whether
  // it fits a model is checked by ValidateAdapter.
  //
  // Errors: codes InvalidAdapter, AdapterPayloadInvalid, ChecksumMismatch.
  static absl::StatusOr<AdapterReader> Parse(ByteSpan file_bytes);

  ByteSpan file_bytes() const { return file_bytes_; }
  AdapterKind kind() const { return kind_; }
  const ParentIdentity& parent() const { return parent_; }
  absl::Span<const AdapterPayload> payloads() const { return payloads_; }
  uint64_t checksum() const { return checksum_; }

 private:
  AdapterReader() = default;

  ByteSpan file_bytes_;
  AdapterKind kind_ = AdapterKind::kDense;
  ParentIdentity parent_;
  std::vector<AdapterPayload> payloads_;
  uint64_t checksum_ = 0;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ADAPTERS_ADAPTER_READER_H_
