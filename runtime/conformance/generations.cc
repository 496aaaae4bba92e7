#include "runtime/conformance/generations.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/model/transformer.h"
#include "runtime/model/weights.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

constexpr uint32_t kMostPositions = 530;
constexpr uint32_t kDecoded = 16;
constexpr int kThreads[] = {1, 2, 3, 7};
constexpr uint32_t kBatches[] = {1, 3, 32, 512};

constexpr std::string_view kNames[] = {"f32", "q8_0 row", "q8_0 block 32",
                                       "q4_0 block 32",
                                       "q4_0 block 32, half scales",
                                       "q4_0 row, tied"};
struct Kind {
  DType dtype;
  uint32_t block_size;
  bool half_scales;
  bool tied_output;
};
// q4_0's own default is 32; 160 columns make one block a row of the matrices
// that read the hidden state.
constexpr Kind kKinds[] = {{DType::kF32, 0, false, false},
                           {DType::kQ8_0, 0, false, false},
                           {DType::kQ8_0, 32, false, false},
                           {DType::kQ4_0, 32, false, false},
                           {DType::kQ4_0, 32, true, false},
                           {DType::kQ4_0, 160, false, true}};

// How to run; none of it may change a bit.
struct Run {
  Target target = Target::kScalar;
  int threads = 1;
  uint32_t batch = 1;
  bool packed = false;
};

bool SameBits(const GenerationLogits& a, const GenerationLogits& b) {
  return a.tokens == b.tokens && a.values.size() == b.values.size() &&
         std::memcmp(a.values.data(), b.values.data(),
                     a.values.size() * sizeof(float)) == 0;
}

// A generation of `positions` tokens that begins with `prompt`.
absl::StatusOr<GenerationLogits> Generate(const ModelShape& shape,
                                          const Weights& weights,
                                          absl::Span<const uint32_t> prompt,
                                          uint32_t positions, const Run& run,
                                          ThreadPool& pool) {
  const Kernels& kernels = *FindKernels(run.target);
  const uint32_t step_tokens =
      std::min(run.batch, static_cast<uint32_t>(kMaxBatchTokens));
  MemoryOptions options;
  options.batch_tokens = step_tokens;
  options.logits_rows = step_tokens;
  options.threads = static_cast<uint32_t>(run.threads);
  options.context_tokens = positions;
  PEDIGREE_ASSIGN_OR_RETURN(
      Transformer transformer,
      Transformer::Create(shape, options, &pool, &kernels));
  PEDIGREE_ASSIGN_OR_RETURN(KvCache cache, KvCache::Create(shape, positions));
  GenerationLogits all;
  all.values.reserve(size_t{positions} * shape.vocab_size);
  std::vector<uint32_t> next(prompt.begin(), prompt.end());
  while (all.tokens.size() < positions) {
    // One batch, in steps.
    size_t left = std::min<size_t>(run.batch, next.size());
    while (left > 0) {
      const size_t count = std::min<size_t>(left, step_tokens);
      std::vector<BatchToken> step;
      for (size_t i = 0; i < count; ++i) {
        step.push_back({&cache, next[i],
                        static_cast<uint32_t>(all.tokens.size()), true});
        all.tokens.push_back(next[i]);
      }
      PEDIGREE_RETURN_IF_ERROR(transformer.Forward(weights, step));
      for (size_t row = 0; row < count; ++row) {
        const absl::Span<const float> logits = transformer.logits(row);
        all.values.insert(all.values.end(), logits.begin(), logits.end());
      }
      next.erase(next.begin(), next.begin() + static_cast<ptrdiff_t>(count));
      left -= count;
    }
    if (next.empty()) {
      next = {static_cast<uint32_t>(kernels.arg_max(
          &all.values[all.values.size() - shape.vocab_size],
          shape.vocab_size))};
    }
  }
  return all;
}

std::vector<uint32_t> AnyIds(uint32_t count, uint32_t vocab_size) {
  std::vector<uint32_t> ids(count);
  for (uint32_t i = 0; i < count; ++i) ids[i] = (i * i * 37 + 11) % vocab_size;
  return ids;
}

// Runs all that is compared with `expected`.
absl::Status Compare(const Model& model, const GenerationLogits& expected,
                     absl::Span<const Target> targets, ThreadPool& pool,
                     GenerationReport& report) {
  PEDIGREE_ASSIGN_OR_RETURN(const PackedWeights packed,
                            PackedWeights::Pack(model.weights(), &pool));
  const uint32_t positions = static_cast<uint32_t>(expected.tokens.size());
  const absl::Span<const uint32_t> prompt =
      absl::MakeConstSpan(expected.tokens).first(positions - kDecoded);
  for (Target target : targets) {
    for (int threads : kThreads) {
      if (threads > pool.size()) continue;
      for (uint32_t batch : kBatches) {
        for (bool use_packed : {false, true}) {
          const Run run = {target, threads, batch, use_packed};
          PEDIGREE_ASSIGN_OR_RETURN(
              const GenerationLogits all,
              Generate(model.shape(),
                       use_packed ? packed.weights() : model.weights(), prompt,
                       positions, run, pool));
          ++report.runs;
          if (SameBits(all, expected) || !report.difference.empty()) continue;
          report.difference = absl::StrCat(
              TargetName(target), ", ", threads, " threads, batches of ", batch,
              use_packed ? ", packed" : ", as stored");
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const std::string_view> RandomModelNames() { return kNames; }

std::string RandomModel(size_t index) {
  TinyModelOptions options;
  options.dtype = kKinds[index].dtype;
  options.block_size = kKinds[index].block_size;
  options.half_scales = kKinds[index].half_scales;
  options.tied_output = kKinds[index].tied_output;
  options.hidden_size = 160;
  options.head_count = 10;
  options.kv_head_count = 5;
  options.head_dim = 16;
  options.ffn_size = options.block_size == 160 ? 160 : 224;
  options.max_context = kMostPositions;
  return TinyModel(options);
}

absl::StatusOr<GenerationLogits> ReferenceGeneration(const Model& model,
                                                     std::string_view prompt) {
  const ModelShape& shape = model.shape();
  const uint32_t positions = std::min(shape.max_context, kMostPositions);
  if (positions <= kDecoded) {
    return absl::InvalidArgumentError(
        absl::StrCat("Context of ", shape.max_context, " is too short (want ",
                     kDecoded + 1, ")"));
  }
  std::vector<uint32_t> ids;
  if (prompt.empty()) {
    ids = AnyIds(positions - kDecoded, shape.vocab_size);
  } else {
    PEDIGREE_ASSIGN_OR_RETURN(ids, model.tokenizer().Encode(prompt));
    ids.insert(ids.begin(), model.tokenizer().bos());
    ids.resize(std::min<size_t>(ids.size(), positions - kDecoded));
  }
  ThreadPool pool(1);
  return Generate(shape, model.weights(), ids, positions, {}, pool);
}

absl::StatusOr<GenerationReport> RunGenerations(
    ByteSpan model_file, std::string_view prompt,
    absl::Span<const Target> targets, ThreadPool& pool) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<const Model> model,
                            Model::Load(model_file));
  PEDIGREE_ASSIGN_OR_RETURN(const GenerationLogits expected,
                            ReferenceGeneration(*model, prompt));
  GenerationReport report;
  report.positions = expected.tokens.size();
  report.vocab_size = model->shape().vocab_size;
  Sha256Stream stream;
  stream.Update({reinterpret_cast<const uint8_t*>(expected.tokens.data()),
                 expected.tokens.size() * sizeof(uint32_t)});
  stream.Update({reinterpret_cast<const uint8_t*>(expected.values.data()),
                 expected.values.size() * sizeof(float)});
  report.reference = stream.Finish();
  PEDIGREE_RETURN_IF_ERROR(Compare(*model, expected, targets, pool, report));
  return report;
}

}  // namespace pedigree
