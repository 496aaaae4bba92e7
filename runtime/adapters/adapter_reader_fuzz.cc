// Any bytes: AdapterReader refuses them or gives views that can be read.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/checksum.h"
#include "runtime/model/low_rank.h"

namespace pedigree {
namespace {

void CheckFinite(absl::Span<const float> values) {
  for (const float value : values) PEDIGREE_CHECK(value - value == 0);
}

void CheckPayload(const AdapterPayload& payload) {
  CheckFinite(payload.deltas);
  if (payload.kind == AdapterKind::kDense) {
    PEDIGREE_CHECK(payload.deltas.size() == payload.value_count());
  } else if (payload.kind == AdapterKind::kSparse) {
    PEDIGREE_CHECK(!payload.indices.empty());
    PEDIGREE_CHECK(payload.deltas.size() == payload.indices.size());
    uint64_t next = 0;
    for (const uint32_t index : payload.indices) {
      PEDIGREE_CHECK(index >= next && index < payload.value_count());
      next = uint64_t{index} + 1;
    }
  } else {
    const LowRank& low_rank = payload.low_rank;
    CheckFinite(low_rank.a);
    CheckFinite(low_rank.b);
    CheckFinite({&low_rank.scale, 1});
    PEDIGREE_CHECK(low_rank.rank > 0 && low_rank.scale != 0);
    PEDIGREE_CHECK(low_rank.b.size() ==
                   uint64_t{payload.dims[0]} * low_rank.rank);
    PEDIGREE_CHECK(low_rank.a.size() ==
                   uint64_t{payload.dims[1]} * low_rank.rank);
  }
}

void ReadAll(const std::vector<uint8_t>& file) {
  const auto adapter = AdapterReader::Parse(file);
  if (!adapter.ok()) return;
  for (const AdapterPayload& payload : adapter->payloads()) {
    PEDIGREE_CHECK(payload.kind == adapter->kind());
    CheckPayload(payload);
  }
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> file(data, data + size);  // aligned
  pedigree::ReadAll(file);
  if (size < pedigree::kAdapterHeaderBytes) return 0;
  // Once more with the right checksum, which would else hide what is behind.
  pedigree::StoreLittleEndian(
      pedigree::FileChecksum(file, pedigree::kAdapterChecksumOffset),
      &file[pedigree::kAdapterChecksumOffset]);
  pedigree::ReadAll(file);
  return 0;
}
