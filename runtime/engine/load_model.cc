#include "runtime/engine/load_model.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/concat.h"
#include "runtime/base/file_hashes.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/model/weights.h"
#include "runtime/threads/background.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

absl::Status CheckDigest(const Digest& computed, const Digest& expected) {
  if (computed == expected) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Concat("Invalid model: digest is ", computed.ToString(), " (expected ",
             expected.ToString(), ")"));
}

// Reads a byte of each page.
void Touch(ByteSpan range) {
  constexpr size_t kPageBytes = 4096;
  for (size_t i = 0; i < range.size(); i += kPageBytes) {
    static_cast<void>(*static_cast<const volatile uint8_t*>(&range[i]));
  }
  if (!range.empty()) {
    static_cast<void>(*static_cast<const volatile uint8_t*>(&range.back()));
  }
}

// Makes what is read where it lies resident, so that its first use is as fast as
// all others, and then nothing else: a fault brings neighbours along.
void Settle(const SlmReader& reader, const Weights& weights,
            const ByteSource& source) {
  Touch(source.bytes().subspan(0, reader.entries()[0].byte_offset));
  for (const bool stays : {true, false}) {
    for (size_t i = 0; i < weights.tensors().size(); ++i) {
      const int index = static_cast<int>(i);
      if (PackedWeights::ReadsStored(weights, index) != stays) continue;
      const absl::Span<const float> scales = reader.scales(index);
      for (const ByteSpan part :
           {reader.payload(index),
            ByteSpan(reinterpret_cast<const uint8_t*>(scales.data()),
                     scales.size() * sizeof(float))}) {
        if (part.empty()) continue;  // f32 has no scales
        if (stays) {
          Touch(part);
        } else {
          source.Release(part);
        }
      }
    }
  }
}

}  // namespace

absl::StatusOr<LoadedModel> LoadModel(
    const ByteSource& source, bool repack,
    const std::optional<Digest>& expected_digest, ThreadPool* pool) {
  const ByteSpan bytes = source.bytes();
  std::optional<FileHashes> hashes;
  if (source.hashes() != nullptr) hashes = *source.hashes();
  if (expected_digest.has_value()) {
    if (!hashes.has_value()) {
      hashes = repack ? HashFileAndRelease(source, kSlmChecksumOffset)
                      : HashFile(bytes, kSlmChecksumOffset);
    }
    PEDIGREE_RETURN_IF_ERROR(CheckDigest(hashes->digest, *expected_digest));
  }
  PEDIGREE_ASSIGN_OR_RETURN(SlmReader reader, SlmReader::ParseStructure(bytes));
  Weights weights = StoredWeights(reader);
  const bool packs = repack && PackedWeights::PacksAny(weights);
  const bool in_place = packs && source.Writable() != nullptr;
  const bool release = packs && source.releases();
  const auto hash = [&] {
    if (hashes.has_value()) return;
    hashes = release ? HashFileAndRelease(source, kSlmChecksumOffset)
                     : HashFile(bytes, kSlmChecksumOffset);
  };
  std::optional<Background> background;
  if (pool->size() > 1 && !in_place) {
    background.emplace(hash);
  } else {
    hash();
  }
  // Of a file with wrong values or a wrong checksum, the packed copy is dropped.
  const absl::Status values = reader.CheckValues();
  LoadedModel loaded;
  if (values.ok() && in_place) {
    absl::StatusOr<Weights> packed = PackInPlace(weights, source);
    if (packed.ok()) weights = *std::move(packed);
  }
  if (values.ok() && packs && PackedWeights::PacksAny(weights)) {
    absl::StatusOr<PackedWeights> packed =
        PackedWeights::Pack(weights, pool, release ? &source : nullptr);
    if (packed.ok()) loaded.packed = *std::move(packed);
  }
  if (background.has_value()) background->Wait();
  PEDIGREE_RETURN_IF_ERROR(reader.CheckChecksum(hashes->checksum));
  PEDIGREE_RETURN_IF_ERROR(values);
  if (release && loaded.packed.has_value()) {
    Settle(reader, weights, source);
  }
  PEDIGREE_ASSIGN_OR_RETURN(loaded.model,
                            Model::Create(hashes->digest, std::move(reader),
                                          std::move(weights)));
  return loaded;
}

}  // namespace pedigree
