#include "runtime/diagnostics/counted.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/types/span.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/concat.h"
#include "runtime/base/json.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/numerics.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

// What each part of the scratch is rounded up to.
constexpr uint64_t kPartAlignment = 64;

constexpr DType kDTypes[] = {DType::kF32, DType::kQ8_0, DType::kQ4_0};

// 64-bit integers are strings in our JSON.
std::string Uint64(uint64_t value) { return Concat(value); }

uint64_t ReadUint64(const Json& counted, const char* key) {
  uint64_t value = 0;
  PEDIGREE_CHECK(
      absl::SimpleAtoi(counted.at(key).get_ref<const std::string&>(), &value));
  return value;
}

Json TensorsByDType(absl::Span<const TensorView> tensors) {
  Json rows = Json::array();
  for (DType dtype : kDTypes) {
    uint32_t tensor_count = 0;
    uint64_t bytes = 0;
    for (const TensorView& tensor : tensors) {
      if (tensor.dtype != dtype) continue;
      ++tensor_count;
      bytes += tensor.StoredBytes();
    }
    rows.push_back({{"dtype", std::string(DTypeName(dtype))},
                    {"tensor_count", tensor_count},
                    {"bytes", Uint64(bytes)}});
  }
  return rows;
}

// The type of all matrices, or "mixed".
std::string QuantizationMode(const SlmReader& reader) {
  std::string mode;
  for (const TensorEntry& entry : reader.entries()) {
    if (entry.rank < 2) continue;
    const std::string_view name = DTypeName(entry.dtype);
    if (!mode.empty() && mode != name) return "mixed";
    mode = std::string(name);
  }
  return mode;
}

// A tensor and the factors that run beside it.
uint64_t ReadBytes(const Weights& weights, int index) {
  uint64_t bytes = weights.tensors()[index].StoredBytes();
  for (const LowRank& path : weights.side_paths(index)) {
    bytes += (path.a.size() + path.b.size()) * sizeof(float);
  }
  return bytes;
}

// One row of the embeddings, which needs all of A and one row of B.
uint64_t EmbeddingBytes(const Weights& weights) {
  const TensorView& embeddings = weights.embeddings();
  uint64_t bytes = embeddings.StoredBytes() / embeddings.rows;
  for (const LowRank& path :
       weights.side_paths(weights.embeddings_index())) {
    bytes += (path.a.size() + path.rank) * sizeof(float);
  }
  return bytes;
}

// What one token reads before the output projection: a row of the embeddings,
// all layers and the final norm.
uint64_t BodyBytes(const Weights& weights) {
  uint64_t bytes = EmbeddingBytes(weights);
  for (int i = 1; i <= weights.norm_index(); ++i) {
    bytes += ReadBytes(weights, i);
  }
  return bytes;
}

bool LastTokenRan(const TokenUse& use) {
  return use.generated_tokens == 0 || use.stop_reason == "stop-token" ||
         use.stop_reason == "output-limit";
}

}  // namespace

uint64_t CountedScratchBytes(const ModelShape& shape) {
  const uint64_t heads = uint64_t{shape.head_count} * shape.head_dim;
  const uint64_t widest =
      std::max({uint64_t{shape.hidden_size}, uint64_t{shape.ffn_size}, heads});
  const uint64_t pairs = shape.head_dim / 2;
  uint64_t sum = 0;
  for (uint64_t bytes :
       {uint64_t{4} * shape.hidden_size, uint64_t{4} * shape.hidden_size,
        uint64_t{4} * shape.hidden_size, uint64_t{4} * shape.hidden_size,
        4 * heads, 4 * heads, uint64_t{4} * shape.ffn_size,
        uint64_t{4} * shape.ffn_size, uint64_t{4} * shape.max_context,
        uint64_t{4} * shape.vocab_size, 8 * pairs, 4 * pairs, 4 * pairs,
        widest, 4 * ActivationBlocks(widest)}) {
    sum += AlignUp(bytes, kPartAlignment);
  }
  return sum;
}

uint64_t CountedKvBytes(const ModelShape& shape) {
  return shape.max_context * KvBytesPerToken(shape);
}

Json CountAssembly(const Model& model, const AdapterStack& adapters) {
  const SlmReader& reader = model.reader();
  const ModelShape& shape = model.shape();
  const Weights& weights = adapters.weights();
  const uint64_t output_bytes = ReadBytes(weights, weights.output_index());
  const uint64_t body_bytes = BodyBytes(weights);
  Json counted = {
      {"schema_version", std::string(kDiagnosticsSchema)},
      {"numerics_version", std::string(kNumericsVersion)},
      {"assembly_digest", adapters.assembly_digest().ToString()},
      {"quantization_mode", QuantizationMode(reader)},
      {"parameter_count", Uint64(reader.parameter_count())},
      {"model_bytes", Uint64(reader.file_bytes().size())},
      {"tensors_by_dtype", TensorsByDType(model.weights().tensors())},
      {"applied_adapter_count",
       static_cast<uint32_t>(adapters.digests().size())},
      {"adapter_bytes", Uint64(adapters.adapter_bytes())},
      {"materialized_bytes", Uint64(adapters.materialized_bytes())},
      {"kv_capacity_tokens", shape.max_context},
      {"kv_bytes_per_token", Uint64(KvBytesPerToken(shape))},
      {"kv_capacity_bytes", Uint64(CountedKvBytes(shape))},
      {"peak_scratch_bytes", Uint64(CountedScratchBytes(shape))},
      {"body_weight_bytes_per_token", Uint64(body_bytes)},
      {"output_weight_bytes_per_token", Uint64(output_bytes)},
      {"weight_bytes_per_token", Uint64(body_bytes + output_bytes)},
  };
  CountUse({}, counted);
  return counted;
}

Work GenerationWork(const TokenUse& use) {
  const uint64_t decoded =
      use.generated_tokens - (LastTokenRan(use) ? 0 : 1);
  Work work;
  work.prompt_tokens = use.prompt_tokens;
  work.generated_tokens = use.generated_tokens;
  work.forward_passes = use.prompt_tokens + decoded;
  work.logits_passes = 1 + decoded;
  work.kv_peak_tokens = work.forward_passes;
  return work;
}

void CountUse(absl::Span<const Work> answered, Json& counted) {
  Work sum;
  for (const Work& work : answered) {
    sum.prompt_tokens += work.prompt_tokens;
    sum.generated_tokens += work.generated_tokens;
    sum.forward_passes += work.forward_passes;
    sum.logits_passes += work.logits_passes;
    sum.kv_peak_tokens = std::max(sum.kv_peak_tokens, work.kv_peak_tokens);
  }
  counted["use"] = {
      {"case_count", static_cast<uint32_t>(answered.size())},
      {"prompt_tokens", Uint64(sum.prompt_tokens)},
      {"generated_tokens", Uint64(sum.generated_tokens)},
      {"forward_passes", Uint64(sum.forward_passes)},
      {"logits_passes", Uint64(sum.logits_passes)},
      {"kv_peak_tokens", static_cast<uint32_t>(sum.kv_peak_tokens)},
      {"kv_peak_bytes",
       Uint64(sum.kv_peak_tokens * ReadUint64(counted, "kv_bytes_per_token"))},
      {"weight_bytes_read",
       Uint64(sum.forward_passes *
                  ReadUint64(counted, "body_weight_bytes_per_token") +
              sum.logits_passes *
                  ReadUint64(counted, "output_weight_bytes_per_token"))},
  };
}

}  // namespace pedigree
