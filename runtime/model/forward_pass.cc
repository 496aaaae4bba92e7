#include "runtime/model/forward_pass.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/read_row.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/quantize_activation.h"
#include "runtime/tensor/rope.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// Side paths stand before the products that they are added to.
enum class ForwardPass::Place : uint32_t {
  kEmbeddings,
  kAttnNorm,
  kQkvSidePath,
  kWq,
  kWk,
  kWv,
  kScores,
  kAttention,
  kWoSidePath,
  kWo,
  kFfnNorm,
  kGateSidePath,
  kW1,
  kW3,
  kSwiGlu,
  kW2SidePath,
  kW2,
  kNorm,
  kOutputSidePath,
  kLogits,
};

namespace {

// By Place.
constexpr std::string_view kPlaceNames[] = {
    "tok_embeddings", "attn_norm", "adapter", "wq", "wk", "wv",
    "attention scores", "attention", "adapter", "wo", "ffn_norm", "adapter",
    "w1", "w3", "swiglu", "adapter", "w2", "norm", "output adapter",
    "logits"};
constexpr uint32_t kPlaces = sizeof(kPlaceNames) / sizeof(kPlaceNames[0]);
constexpr uint32_t kNoFault = std::numeric_limits<uint32_t>::max();

// Rows of the feed-forward that a thread takes together: whole tiles that are
// whole activation blocks.
constexpr size_t kFfnGrain = 2 * kTileRows;
static_assert(kFfnGrain == kActivationBlock);

// f32 rows that kernels compute together.
constexpr size_t kF32RowGrain = 4;

// Columns rounded up to whole activation blocks.
size_t IntegerStride(size_t columns) {
  return static_cast<size_t>(ActivationBlocks(columns)) * kActivationBlock;
}

uint32_t TotalRank(absl::Span<const LowRank> paths) {
  uint32_t rank = 0;
  for (const LowRank& path : paths) rank += path.rank;
  return rank;
}

}  // namespace

ForwardPass::ForwardPass(const ForwardParts& parts, const Weights& weights,
                         absl::Span<const BatchToken> batch)
    : parts_(parts),
      shape_(*parts.shape),
      plan_(*parts.plan),
      kernels_(*parts.kernels),
      weights_(weights),
      batch_(batch),
      hidden_(shape_.hidden_size),
      heads_(size_t{shape_.head_count} * shape_.head_dim),
      kv_heads_(size_t{shape_.kv_head_count} * shape_.head_dim),
      ffn_(shape_.ffn_size),
      fault_(kNoFault) {}

absl::Status ForwardPass::Run() {
  parts_.pool->Run(parts_.threads, [this](int thread) { RunThread(thread); });
  return Fault();
}

void ForwardPass::Note(bool finite, int layer, Place place) {
  if (finite) return;
  const uint32_t fault =
      static_cast<uint32_t>(layer) * kPlaces + static_cast<uint32_t>(place);
  uint32_t first = fault_.load(std::memory_order_relaxed);
  while (fault < first && !fault_.compare_exchange_weak(first, fault)) {
  }
}

absl::Status ForwardPass::Fault() const {
  const uint32_t fault = fault_.load();
  if (fault == kNoFault) return absl::OkStatus();
  const Place place = static_cast<Place>(fault % kPlaces);
  const bool in_layer =
      place != Place::kEmbeddings && place < Place::kNorm;
  return MakeError(ErrorCode::kGenerationFailed, "Activation is not finite: ",
                   in_layer ? Concat("layers.", fault / kPlaces, ".") : "",
                   kPlaceNames[fault % kPlaces]);
}

Range ForwardPass::Tokens(int thread) const {
  return SplitRange(batch_.size(), 1, thread, parts_.threads);
}

ForwardPass::Input ForwardPass::HiddenInput() const {
  return {Part<float>(plan_.normed),
          hidden_,
          Part<int8_t>(plan_.integers),
          Part<int8_t>(plan_.split_integers),
          IntegerStride(hidden_),
          Part<float>(plan_.scales),
          Part<int32_t>(plan_.sums)};
}

ForwardPass::Input ForwardPass::AttentionOutput() const {
  Input input = HiddenInput();
  input.values = Part<float>(plan_.attention);
  input.columns = heads_;
  input.integer_stride = IntegerStride(heads_);
  return input;
}

ForwardPass::Input ForwardPass::GateInput() const {
  return {Part<float>(plan_.gate),
          ffn_,
          Part<int8_t>(plan_.gate_integers),
          Part<int8_t>(plan_.gate_split_integers),
          IntegerStride(ffn_),
          Part<float>(plan_.gate_scales),
          Part<int32_t>(plan_.gate_sums)};
}

ActivationBatch ForwardPass::Batch(const Input& input, size_t tokens) const {
  ActivationBatch batch;
  batch.tokens = tokens;
  batch.columns = input.columns;
  batch.values = input.values;
  batch.value_stride = input.columns;
  batch.integers = input.integers;
  batch.split_integers = input.split_integers;
  batch.integer_stride = input.integer_stride;
  batch.scales = input.scales;
  batch.sums = input.sums;
  return batch;
}

ForwardPass::Forms ForwardPass::FormsFor(
    std::initializer_list<int> tensors) const {
  Forms forms;
  for (int tensor : tensors) {
    const DType dtype = TensorAt(tensor).dtype;
    forms.integers |= dtype != DType::kF32;
    forms.split |= dtype == DType::kQ4_0;
  }
  return forms;
}

// --- The steps -------------------------------------------------------------

void ForwardPass::RunThread(int thread) {
  Embed(thread);
  const int layers = static_cast<int>(shape_.layer_count);
  for (int layer = 0; layer < layers; ++layer) RunLayer(layer, thread);
  Output(thread);
}

void ForwardPass::RunLayer(int layer, int thread) {
  const auto index = [this, layer](LayerTensor tensor) {
    return weights_.layer_index(layer, tensor);
  };
  float* const projection = Part<float>(plan_.projection);

  AttentionInput(layer, thread);
  Barrier();
  const Product qkv[] = {
      {index(LayerTensor::kWq), Part<float>(plan_.query), heads_},
      {index(LayerTensor::kWk), Part<float>(plan_.key), kv_heads_},
      {index(LayerTensor::kWv), Part<float>(plan_.value), kv_heads_}};
  Multiply(qkv, Batch(HiddenInput(), batch_.size()), layer,
           Place::kQkvSidePath, thread);
  Barrier();
  RopeAndStore(layer, thread);
  Barrier();
  Attend(layer, thread);
  Barrier();
  QuantizeAttention(layer, thread);
  Barrier();
  const Product wo[] = {{index(LayerTensor::kWo), projection, hidden_}};
  Multiply(wo, Batch(AttentionOutput(), batch_.size()), layer,
           Place::kWoSidePath, thread);
  Barrier();
  FeedForwardInput(layer, thread);
  Barrier();
  FeedForward(layer, thread);
  Barrier();
  const Product w2[] = {{index(LayerTensor::kW2), projection, hidden_}};
  Multiply(w2, Batch(GateInput(), batch_.size()), layer, Place::kW2SidePath,
           thread);
  Barrier();
}

void ForwardPass::Embed(int thread) {
  const size_t pairs = shape_.head_dim / 2;
  const absl::Span<const double> frequencies(
      Part<double>(plan_.rope_frequencies), pairs);
  const Range tokens = Tokens(thread);
  for (size_t t = tokens.begin; t < tokens.end; ++t) {
    const absl::Span<float> row(Part<float>(plan_.residual) + t * hidden_,
                                hidden_);
    ReadRow(weights_.embeddings(), batch_[t].token, row);
    for (const LowRank& path :
         weights_.side_paths(weights_.embeddings_index())) {
      LowRankRow(path, batch_[t].token, row);
    }
    Note(kernels_.all_finite(row.data(), hidden_), 0, Place::kEmbeddings);
    RopeRow(batch_[t].position, frequencies,
            {Part<float>(plan_.rope_cosines) + t * pairs, pairs},
            {Part<float>(plan_.rope_sines) + t * pairs, pairs});
  }
}

void ForwardPass::AttentionInput(int layer, int thread) {
  const Forms forms =
      FormsFor({weights_.layer_index(layer, LayerTensor::kWq),
                weights_.layer_index(layer, LayerTensor::kWk),
                weights_.layer_index(layer, LayerTensor::kWv)});
  const Range tokens = Tokens(thread);
  for (size_t t = tokens.begin; t < tokens.end; ++t) {
    if (layer > 0) AddToResidual(t, layer - 1, Place::kW2);
    Normalize(weights_.layer(layer, LayerTensor::kAttnNorm), t, t,
              HiddenInput(), forms, layer, Place::kAttnNorm, thread);
  }
}

void ForwardPass::FeedForwardInput(int layer, int thread) {
  const Forms forms =
      FormsFor({weights_.layer_index(layer, LayerTensor::kW1),
                weights_.layer_index(layer, LayerTensor::kW3)});
  const Range tokens = Tokens(thread);
  for (size_t t = tokens.begin; t < tokens.end; ++t) {
    AddToResidual(t, layer, Place::kWo);
    Normalize(weights_.layer(layer, LayerTensor::kFfnNorm), t, t,
              HiddenInput(), forms, layer, Place::kFfnNorm, thread);
  }
}

void ForwardPass::RopeAndStore(int layer, int thread) {
  // A unit is one token's key-value head with the queries that read it.
  const uint32_t kv_head_count = shape_.kv_head_count;
  const uint32_t group = shape_.head_count / kv_head_count;
  const size_t dim = shape_.head_dim;
  const Range units = SplitRange(batch_.size() * kv_head_count, 1, thread,
                                 parts_.threads);
  for (size_t unit = units.begin; unit < units.end; ++unit) {
    const size_t t = unit / kv_head_count;
    const uint32_t kv_head = static_cast<uint32_t>(unit % kv_head_count);
    RopeHeads(Part<float>(plan_.query) + t * heads_ + kv_head * group * dim,
              group, t, layer, Place::kWq);
    float* key = Part<float>(plan_.key) + t * kv_heads_ + kv_head * dim;
    RopeHeads(key, 1, t, layer, Place::kWk);
    const float* value =
        Part<float>(plan_.value) + t * kv_heads_ + kv_head * dim;
    Note(kernels_.all_finite(value, dim), layer, Place::kWv);
    batch_[t].cache->Store(static_cast<uint32_t>(layer), kv_head,
                           batch_[t].position, key, value);
  }
}

void ForwardPass::RopeHeads(float* heads, uint32_t count, size_t token,
                            int layer, Place place) {
  const size_t pairs = shape_.head_dim / 2;
  for (uint32_t head = 0; head < count; ++head) {
    Note(kernels_.rope(heads + size_t{head} * shape_.head_dim,
                       Part<float>(plan_.rope_cosines) + token * pairs,
                       Part<float>(plan_.rope_sines) + token * pairs, pairs),
         layer, place);
  }
}

void ForwardPass::Attend(int layer, int thread) {
  const uint32_t group = shape_.head_count / shape_.kv_head_count;
  const size_t dim = shape_.head_dim;
  AttentionHead head;
  head.head_dim = dim;
  head.scale = 1.0f / SqrtF(static_cast<float>(dim));
  head.score_stride =
      static_cast<size_t>(AlignUp(plan_.context_tokens, KvCache::kKeyLanes));
  head.scores = Part<float>(plan_.scores) + static_cast<size_t>(thread) *
                                                kAttentionTokens *
                                                head.score_stride;
  head.query_stride = heads_;
  head.out_stride = heads_;
  // Runs of tokens of one sequence. A head meets all of them, one after the other,
  // while its keys and values are in the cache.
  Range runs[kMaxBatchTokens];
  size_t run_count = 0;
  for (size_t first = 0; first < batch_.size();) {
    size_t end = first + 1;
    while (end < batch_.size() && end - first < kAttentionTokens &&
           batch_[end].cache == batch_[first].cache) {
      ++end;
    }
    runs[run_count++] = {first, end};
    first = end;
  }
  const Range units = SplitRange(shape_.head_count * run_count, 1, thread,
                                 parts_.threads);
  for (size_t unit = units.begin; unit < units.end; ++unit) {
    const uint32_t h = static_cast<uint32_t>(unit / run_count);
    const Range run = runs[unit % run_count];
    const KvCache& cache = *batch_[run.begin].cache;
    head.tokens = run.end - run.begin;
    head.first_position = batch_[run.begin].position;
    head.keys = cache.Keys(static_cast<uint32_t>(layer), h / group);
    head.values = cache.Values(static_cast<uint32_t>(layer), h / group);
    const size_t offset = run.begin * heads_ + h * dim;
    head.queries = Part<float>(plan_.query) + offset;
    head.out = Part<float>(plan_.attention) + offset;
    const AttentionResult result = kernels_.attend(head);
    Note(result != AttentionResult::kScoresNotFinite, layer, Place::kScores);
    Note(result != AttentionResult::kOutputNotFinite, layer, Place::kAttention);
  }
}

void ForwardPass::QuantizeAttention(int layer, int thread) {
  const Forms forms = FormsFor({weights_.layer_index(layer, LayerTensor::kWo)});
  const Input input = AttentionOutput();
  const size_t blocks = input.integer_stride / kActivationBlock;
  const Range units =
      SplitRange(batch_.size() * blocks, 1, thread, parts_.threads);
  for (size_t unit = units.begin; unit < units.end;) {
    const size_t row = unit / blocks;
    const size_t last = std::min(units.end, (row + 1) * blocks);
    Quantize(input, row, (unit - row * blocks) * kActivationBlock,
             std::min((last - row * blocks) * kActivationBlock, heads_), forms);
    unit = last;
  }
}

void ForwardPass::FeedForward(int layer, int thread) {
  const Product gate = {weights_.layer_index(layer, LayerTensor::kW1),
                        Part<float>(plan_.gate), ffn_};
  const Product up = {weights_.layer_index(layer, LayerTensor::kW3),
                      Part<float>(plan_.up), ffn_};
  const ActivationBatch x = Batch(HiddenInput(), batch_.size());
  const Product both[] = {gate, up};
  SideDown(both, x, layer, Place::kGateSidePath, thread);
  // The same rows of both, so that the gate needs no one else's: its rows are
  // whole activation blocks.
  const Range rows = SplitRange(ffn_, kFfnGrain, thread, parts_.threads);
  if (rows.begin == rows.end) return;
  MultiplyRows(gate, 0, x, rows, thread);
  MultiplyRows(up, TotalRank(weights_.side_paths(gate.tensor)), x, rows,
               thread);
  const Forms forms = FormsFor({weights_.layer_index(layer, LayerTensor::kW2)});
  const size_t count = rows.end - rows.begin;
  for (size_t t = 0; t < batch_.size(); ++t) {
    float* g = gate.out + t * ffn_ + rows.begin;
    const float* u = up.out + t * ffn_ + rows.begin;
    Note(kernels_.all_finite(g, count), layer, Place::kW1);
    Note(kernels_.all_finite(u, count), layer, Place::kW3);
    Note(kernels_.swiglu(g, u, count), layer, Place::kSwiGlu);
    Quantize(GateInput(), t, rows.begin, rows.end, forms);
  }
}

void ForwardPass::Output(int thread) {
  const int last_layer = static_cast<int>(shape_.layer_count) - 1;
  const int output = weights_.output_index();
  const Forms forms = FormsFor({output});
  const Range tokens = Tokens(thread);
  size_t rows = 0;
  for (size_t t = 0; t < batch_.size(); ++t) {
    const bool mine = t >= tokens.begin && t < tokens.end;
    if (mine) AddToResidual(t, last_layer, Place::kW2);
    if (!batch_[t].logits) continue;
    if (mine) {
      Normalize(weights_.norm(), t, rows, HiddenInput(), forms, last_layer,
                Place::kNorm, thread);
    }
    ++rows;
  }
  if (rows == 0) return;
  Barrier();
  const size_t vocab = shape_.vocab_size;
  const Product logits[] = {{output, Part<float>(plan_.logits), vocab}};
  Multiply(logits, Batch(HiddenInput(), rows), last_layer,
           Place::kOutputSidePath, thread);
  const Range mine =
      SplitRange(vocab, kTileRows, thread, parts_.threads);
  for (size_t row = 0; row < rows; ++row) {
    Note(kernels_.all_finite(logits[0].out + row * vocab + mine.begin,
                             mine.end - mine.begin),
         last_layer, Place::kLogits);
  }
}

// --- Their parts -----------------------------------------------------------

void ForwardPass::AddToResidual(size_t token, int layer, Place place) {
  Note(kernels_.add(Part<float>(plan_.residual) + token * hidden_,
                    Part<float>(plan_.projection) + token * hidden_, hidden_),
       layer, place);
}

void ForwardPass::Normalize(const TensorView& norm, size_t token, size_t row,
                            const Input& input, Forms forms, int layer,
                            Place place, int thread) {
  const float* weight = reinterpret_cast<const float*>(norm.payload);
  if (norm.dtype != DType::kF32) {
    float* own = Part<float>(plan_.norm_weight) +
                 static_cast<size_t>(thread) * hidden_;
    DequantizeRow(norm, 0, {own, hidden_});
    weight = own;
  }
  Note(kernels_.rms_norm(Part<float>(plan_.residual) + token * hidden_, weight,
                         shape_.rms_norm_epsilon, hidden_,
                         input.values + row * hidden_),
       layer, place);
  Quantize(input, row, 0, hidden_, forms);
}

void ForwardPass::Quantize(const Input& input, size_t row, size_t begin,
                           size_t end, Forms forms) {
  if (!forms.integers) return;
  const size_t blocks = input.integer_stride / kActivationBlock;
  QuantizedRow to;
  to.integers = input.integers + row * input.integer_stride;
  if (forms.split) {
    to.split_integers = input.split_integers + row * input.integer_stride;
  }
  to.scales = input.scales + row * blocks;
  to.sums = input.sums + row * blocks;
  kernels_.quantize(input.values + row * input.columns, begin, end, to);
}

void ForwardPass::Multiply(absl::Span<const Product> products,
                           const ActivationBatch& x, int layer,
                           Place side_place, int thread) {
  SideDown(products, x, layer, side_place, thread);
  // The tiles of all products, end to end.
  size_t tiles = 0;
  for (const Product& product : products) {
    tiles += TileCount(TensorAt(product.tensor));
  }
  const Range mine = SplitRange(tiles, 1, thread, parts_.threads);
  size_t first = 0;
  size_t side_offset = 0;
  for (const Product& product : products) {
    const TensorView& tensor = TensorAt(product.tensor);
    const size_t end = first + TileCount(tensor);
    const size_t from = std::max(mine.begin, first);
    const size_t to = std::min(mine.end, end);
    if (from < to) {
      const Range rows = {(from - first) * kTileRows,
                          std::min((to - first) * kTileRows,
                                   static_cast<size_t>(tensor.rows))};
      MultiplyRows(product, side_offset, x, rows, thread);
    }
    side_offset += TotalRank(weights_.side_paths(product.tensor));
    first = end;
  }
}

void ForwardPass::MultiplyRows(const Product& product, size_t side_offset,
                               const ActivationBatch& x, Range rows,
                               int thread) {
  kernels_.mat_mul(TensorAt(product.tensor), rows.begin, rows.end, x,
                   product.out, product.out_stride,
                   Part<uint8_t>(plan_.tile) +
                       static_cast<size_t>(thread) * plan_.tile_bytes);
  SideUp(product, side_offset, x.tokens, rows);
}

// --- Low-rank side paths ---------------------------------------------------

void ForwardPass::SideDown(absl::Span<const Product> products,
                           const ActivationBatch& x, int layer, Place place,
                           int thread) {
  size_t offset = 0;
  for (const Product& product : products) {
    for (const LowRank& path : weights_.side_paths(product.tensor)) {
      const Range rows =
          SplitRange(path.rank, kF32RowGrain, thread, parts_.threads);
      float* h = parts_.side_h + offset;
      kernels_.mat_mul(ViewF32(path.a, path.rank, x.columns), rows.begin,
                       rows.end, x, h, parts_.h_stride, nullptr);
      for (size_t t = 0; t < x.tokens; ++t) {
        Note(kernels_.all_finite(h + t * parts_.h_stride + rows.begin,
                                 rows.end - rows.begin),
             layer, place);
      }
      offset += path.rank;
    }
  }
  if (offset > 0) Barrier();
}

void ForwardPass::SideUp(const Product& product, size_t side_offset,
                         size_t tokens, Range rows) {
  size_t offset = side_offset;
  for (const LowRank& path : weights_.side_paths(product.tensor)) {
    ActivationBatch h;
    h.tokens = tokens;
    h.columns = path.rank;
    h.values = parts_.side_h + offset;
    h.value_stride = parts_.h_stride;
    const TensorView b =
        ViewF32(path.b, TensorAt(product.tensor).rows, path.rank);
    for (size_t row = rows.begin; row < rows.end; row += kTileRows) {
      const size_t count = std::min(kTileRows, rows.end - row);
      float products[kMaxBatchTokens * kTileRows];
      kernels_.mat_mul(RowsOf(b, row, count), 0, count, h, products, kTileRows,
                       nullptr);
      for (size_t t = 0; t < tokens; ++t) {
        float* out = product.out + t * product.out_stride + row;
        for (size_t i = 0; i < count; ++i) {
          out[i] = out[i] + path.scale * products[t * kTileRows + i];
        }
      }
    }
    offset += path.rank;
  }
}

}  // namespace pedigree
