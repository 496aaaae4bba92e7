#include "runtime/engine/preflight.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/engine/engine_config.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/model/transformer.h"
#include "runtime/model/weights.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

absl::Status AddAdapters(const SlmReader& reader, const EngineConfig& config,
                         absl::Span<const ByteSpan> adapters, Weights weights,
                         MemoryUse& use) {
  std::set<int> copied;
  for (const ByteSpan file : adapters) {
    PEDIGREE_ASSIGN_OR_RETURN(const AdapterReader adapter,
                              AdapterReader::Parse(file));
    for (const AdapterPayload& payload : adapter.payloads()) {
      const int index = reader.FindTensor(payload.name_hash);
      if (index < 0) {
        return MakeError(ErrorCode::kAdapterPayloadInvalid,
                         "Invalid adapter: names a tensor that the model has "
                         "not, hash 0x",
                         HexNumber{payload.name_hash, 16});
      }
      if (payload.kind == AdapterKind::kLowRank) {
        const LowRank& path = payload.low_rank;
        use.adapter_bytes += (path.a.size() + path.b.size()) * sizeof(float);
        weights.AddSidePath(index, path);
      } else if (copied.insert(index).second) {
        use.adapter_bytes += payload.value_count() * sizeof(float);
      }
    }
  }
  use.side_scratch_bytes = Transformer::SideScratchBytes(
      reader.shape(), ToMemoryOptions(config), weights);
  return absl::OkStatus();
}

}  // namespace

MemoryUse WeightUse(const SlmReader& reader, const Weights& weights,
                    uint64_t packed_bytes) {
  MemoryUse use;
  use.file_bytes = reader.file_bytes().size();
  use.mapped_bytes = use.file_bytes;
  use.packed_bytes = packed_bytes;
  use.repacked = packed_bytes > 0;
  if (!use.repacked) return use;
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    const int index = static_cast<int>(i);
    if (!PackedWeights::ReadsStored(weights, index)) {
      use.mapped_bytes -= weights.tensors()[i].StoredBytes();
    }
  }
  return use;
}

uint64_t SessionBytes(const ModelShape& shape, uint32_t context_tokens) {
  return uint64_t{context_tokens} * sizeof(uint32_t) +
         uint64_t{shape.vocab_size} * sizeof(float);
}

absl::StatusOr<MemoryUse> Preflight(ByteSpan file_bytes,
                                    const EngineConfig& config,
                                    absl::Span<const ByteSpan> adapters) {
  PEDIGREE_ASSIGN_OR_RETURN(const SlmReader reader,
                            SlmReader::ParseStructure(file_bytes));
  const ModelShape& shape = reader.shape();
  PEDIGREE_ASSIGN_OR_RETURN(const MemoryPlan plan,
                            PlanMemory(shape, ToMemoryOptions(config)));
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<const Tokenizer> tokenizer,
      Tokenizer::Parse(reader.tokenizer_section(), shape.vocab_size));
  const Weights weights = StoredWeights(reader);
  MemoryUse use = WeightUse(
      reader, weights, config.repacks() ? PackedWeights::Bytes(weights) : 0);
  use.tokenizer_bytes = tokenizer->allocated_bytes();
  use.context_tokens = static_cast<uint32_t>(plan.context_tokens);
  use.kv_cache_bytes =
      config.sequences * KvCache::Bytes(shape, use.context_tokens);
  use.scratch_bytes = plan.scratch_bytes;
  use.session_bytes =
      config.sequences * SessionBytes(shape, use.context_tokens);
  PEDIGREE_RETURN_IF_ERROR(AddAdapters(reader, config, adapters, weights, use));
  return use;
}

}  // namespace pedigree
