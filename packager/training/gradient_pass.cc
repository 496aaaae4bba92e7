#include "packager/training/gradient_pass.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "packager/training/causal_attention.h"
#include "packager/training/kernels/training_kernels.h"
#include "runtime/base/status_macros.h"
#include "runtime/kernels/kernels.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/tensor/math.h"
#include "runtime/tensor/rope.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

// Tokens that a thread takes through all layers together: few enough that what
// a layer leaves is still near when the next one reads it.
constexpr size_t kGroupTokens = 128;

// Rows of a weight's gradient that stay together: whole tiles of each target.
constexpr size_t kRowGrain = 12;

// A part of a workspace.
struct Buffer {
  float* data = nullptr;

  float* Row(size_t row, size_t width) const { return data + row * width; }
};

// One block of memory for all that a batch leaves, in huge pages where the
// system has them. It only grows; what it holds between batches is not
// specified.
class Workspace {
 public:
  // Begins a new division into buffers.
  void Clear() {
    buffers_.clear();
    floats_ = 0;
  }
  // Gives `buffer` a part of `size` floats, once Allocate was called.
  void Add(Buffer* buffer, size_t size) {
    buffers_.push_back({buffer, floats_});
    // A cache line more, so that rows of equal numbers do not fall on each
    // other in the caches.
    floats_ += (size + kLineFloats - 1) / kLineFloats * kLineFloats +
               kLineFloats;
  }
  // Errors: code ResourceLimit.
  absl::Status Allocate() {
    const uint64_t bytes = uint64_t{floats_} * sizeof(float);
    if (bytes > memory_.size()) {
      memory_ = AlignedBuffer();
      PEDIGREE_ASSIGN_OR_RETURN(memory_,
                                AlignedBuffer::Allocate(bytes, "training"));
    }
    float* const base = reinterpret_cast<float*>(memory_.data());
    for (const auto& [buffer, first] : buffers_) buffer->data = base + first;
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kLineFloats = 16;

  AlignedBuffer memory_;
  std::vector<std::pair<Buffer*, size_t>> buffers_;
  size_t floats_ = 0;
};

// A product's low-rank side path: scale * A x, and the gradient by A x.
struct SidePath {
  Buffer scaled;
  Buffer gradient;
};

// What a layer keeps of each token, from forward to backward to weights.
struct LayerState {
  Buffer attn_normed, query, key, value, attention, middle, ffn_normed;
  Buffer gate, up, product, probabilities;
  // Gradients by what has the same name; of `gate`, first that by `product`.
  Buffer d_attn_normed, d_query, d_key, d_value, d_middle, d_ffn_normed;
  Buffer d_gate, d_up;
  Buffer attn_inverse, ffn_inverse;
  SidePath paths[kTensorsPerLayer];
};

// Part of the gradient by a weight, from all tokens: dy^T x of a matrix;
// of a norm (`inverse` is set) that of its weights.
struct WeightJob {
  const float* dy = nullptr;
  const float* x = nullptr;
  size_t tokens = 0;
  size_t rows = 0;
  size_t columns = 0;
  float* out = nullptr;
  const float* inverse = nullptr;

  uint64_t row_cost() const { return uint64_t{columns} * tokens; }
};

}  // namespace

class GradientPass::Impl {
 public:
  Impl(TrainedModel* model, ThreadPool* pool, Target target);

  absl::StatusOr<BatchLoss> Run(absl::Span<const TrainingSequence> batch,
                                bool backward);

 private:
  // Where a sequence's tokens, targets and probabilities begin.
  struct Place {
    size_t token = 0;
    size_t target = 0;
    size_t probability = 0;
  };
  // Sequences [begin, end) of the batch.
  struct Group {
    size_t begin = 0;
    size_t end = 0;
  };
  // Scratch of a thread.
  struct Scratch {
    CausalAttention attention;
    Floats product;
  };

  absl::Status Plan(absl::Span<const TrainingSequence> batch);
  void DivideWorkspace();
  void RunThread(int thread, bool backward);
  size_t FirstSequence(size_t token) const;

  void Forward(Group group);
  void Embed(Group group);
  void ForwardLayer(size_t layer, Group group, Scratch& scratch);
  void ForwardOutput(Group group, Scratch& scratch);
  void Backward(Group group, Scratch& scratch);
  void BackwardOutput(Group group);
  void BackwardLayer(size_t layer, Group group, Scratch& scratch);
  void BackwardFeedForward(size_t layer, Group group);

  void Normalize(const Floats& weight, const float* x, float* out,
                 size_t rows);
  // out = W x, with W's side path, for `tokens` tokens.
  void Multiply(TrainedTensor& tensor, const float* x, size_t tokens,
                SidePath* path, size_t first_token, float* out,
                Scratch& scratch);
  // dx (+)= dy W, with the side path's part.
  void MultiplyBack(const TrainedTensor& tensor, const float* dy,
                    size_t tokens, SidePath* path, size_t first_token,
                    bool add, float* dx);
  void Rope(float* heads, size_t head_count, size_t position,
            const Floats& sines);
  void RopeSequences(Group group, float* query, float* key,
                     const Floats& sines);
  template <typename Body>
  void ForAttentionGroups(size_t layer, Group group, const Body& body);

  void MakeJobs();
  void AddProductJob(TrainedTensor& tensor, const float* dy, const float* x,
                     size_t tokens, SidePath* path);
  void AddNormJob(TrainedTensor& tensor, const float* dy, const float* x,
                  const Buffer& inverse, size_t tokens);
  void RunJobs(int thread);
  void RunJob(const WeightJob& job, size_t begin, size_t end);
  void AddEmbeddingRows(int thread);

  SidePath* PathOf(size_t layer, TrainedLayerTensor tensor) {
    return &layers_[layer].paths[static_cast<size_t>(tensor)];
  }
  size_t TokenCount(Group group) const {
    return places_[group.end].token - places_[group.begin].token;
  }
  size_t TargetCount(Group group) const {
    return places_[group.end].target - places_[group.begin].target;
  }
  void Note(bool finite) {
    if (!finite) finite_.store(false, std::memory_order_relaxed);
  }

  TrainedModel& model_;
  ThreadPool& pool_;
  const Kernels& kernels_;
  const TrainingKernels& training_;
  const size_t hidden_;
  const size_t heads_;
  const size_t kv_heads_;
  const size_t ffn_;
  const size_t vocab_;
  std::vector<Scratch> scratch_;
  std::atomic<bool> finite_{true};

  // Of the context's positions, [position][head_dim / 2].
  Floats cosines_, sines_, negative_sines_;

  // The batch at hand. places_ has one more for the end.
  absl::Span<const TrainingSequence> batch_;
  std::vector<Place> places_;
  size_t target_count_ = 0;

  Workspace workspace_;
  std::vector<LayerState> layers_;
  // Input of each layer and output of the last, and the gradients by them.
  std::vector<Buffer> residual_, d_residual_;
  // Gradients by the attention outputs of the layer at hand.
  Buffer d_attention_;
  // Of targets only: the last norm's input and output, logits that become
  // their gradients, losses.
  Buffer final_input_, final_normed_, logits_, d_final_normed_, final_inverse_;
  SidePath output_path_;
  std::vector<double> losses_;
  std::vector<WeightJob> jobs_;
};

GradientPass::Impl::Impl(TrainedModel* model, ThreadPool* pool, Target target)
    : model_(*model),
      pool_(*pool),
      kernels_(*FindKernels(target)),
      training_(FindTrainingKernels(target)),
      hidden_(model->shape.hidden_size),
      heads_(size_t{model->shape.head_count} * model->shape.head_dim),
      kv_heads_(size_t{model->shape.kv_head_count} * model->shape.head_dim),
      ffn_(model->shape.ffn_size),
      vocab_(model->shape.vocab_size),
      layers_(model->shape.layer_count),
      residual_(model->shape.layer_count + 1),
      d_residual_(model->shape.layer_count + 1) {
  for (int i = 0; i < pool->size(); ++i) {
    scratch_.push_back({CausalAttention(kernels_, training_), Floats()});
    scratch_.back().product.resize(kMaxBatchTokens *
                                   std::max({hidden_, heads_, ffn_, vocab_}));
  }
  const ModelShape& shape = model->shape;
  const size_t pairs = shape.head_dim / 2;
  std::vector<double> frequencies(pairs);
  RopeFrequencies(shape.rope_theta, shape.head_dim,
                  absl::MakeSpan(frequencies));
  const size_t count = size_t{shape.max_context} * pairs;
  for (Floats* table : {&cosines_, &sines_, &negative_sines_}) {
    table->resize(count);
  }
  for (uint32_t position = 0; position < shape.max_context; ++position) {
    RopeRow(position, frequencies,
            absl::MakeSpan(cosines_).subspan(position * pairs, pairs),
            absl::MakeSpan(sines_).subspan(position * pairs, pairs));
  }
  for (size_t i = 0; i < count; ++i) {
    negative_sines_[i] = -sines_[i];
  }
}

// --- The batch -------------------------------------------------------------

absl::Status GradientPass::Impl::Plan(
    absl::Span<const TrainingSequence> batch) {
  batch_ = batch;
  places_.assign(1, {});
  for (const TrainingSequence& sequence : batch) {
    const size_t inputs = sequence.inputs();
    Place next = places_.back();
    next.token += inputs;
    next.target += sequence.targets();
    next.probability +=
        inputs * ProbabilityStride(inputs) * model_.shape.head_count;
    places_.push_back(next);
  }
  target_count_ = places_.back().target;
  losses_.resize(target_count_);
  DivideWorkspace();
  return workspace_.Allocate();
}

void GradientPass::Impl::DivideWorkspace() {
  const size_t tokens = places_.back().token;
  workspace_.Clear();
  for (LayerState& layer : layers_) {
    for (Buffer* buffer : {&layer.attn_normed, &layer.middle,
                           &layer.ffn_normed, &layer.d_attn_normed,
                           &layer.d_middle, &layer.d_ffn_normed}) {
      workspace_.Add(buffer, tokens * hidden_);
    }
    for (Buffer* buffer : {&layer.query, &layer.attention, &layer.d_query}) {
      workspace_.Add(buffer, tokens * heads_);
    }
    for (Buffer* buffer :
         {&layer.key, &layer.value, &layer.d_key, &layer.d_value}) {
      workspace_.Add(buffer, tokens * kv_heads_);
    }
    for (Buffer* buffer : {&layer.gate, &layer.up, &layer.product,
                           &layer.d_gate, &layer.d_up}) {
      workspace_.Add(buffer, tokens * ffn_);
    }
    workspace_.Add(&layer.probabilities, places_.back().probability);
    workspace_.Add(&layer.attn_inverse, tokens);
    workspace_.Add(&layer.ffn_inverse, tokens);
  }
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    for (size_t i = 0; i < kTensorsPerLayer; ++i) {
      const size_t rank =
          model_.layer(layer, static_cast<TrainedLayerTensor>(i)).factors.rank;
      workspace_.Add(&layers_[layer].paths[i].scaled, tokens * rank);
      workspace_.Add(&layers_[layer].paths[i].gradient, tokens * rank);
    }
  }
  workspace_.Add(&d_attention_, tokens * heads_);
  for (size_t i = 0; i < residual_.size(); ++i) {
    workspace_.Add(&residual_[i], tokens * hidden_);
    workspace_.Add(&d_residual_[i], tokens * hidden_);
  }
  for (Buffer* buffer : {&final_input_, &final_normed_, &d_final_normed_}) {
    workspace_.Add(buffer, target_count_ * hidden_);
  }
  workspace_.Add(&logits_, target_count_ * vocab_);
  workspace_.Add(&final_inverse_, target_count_);
  workspace_.Add(&output_path_.scaled, target_count_ * model_.output().factors.rank);
  workspace_.Add(&output_path_.gradient, target_count_ * model_.output().factors.rank);
}

absl::StatusOr<BatchLoss> GradientPass::Impl::Run(
    absl::Span<const TrainingSequence> batch, bool backward) {
  PEDIGREE_RETURN_IF_ERROR(Plan(batch));
  finite_.store(true);
  pool_.Run(pool_.size(),
            [this, backward](int thread) { RunThread(thread, backward); });
  if (backward) {
    MakeJobs();
    pool_.Run(pool_.size(), [this](int thread) { RunJobs(thread); });
  }
  BatchLoss loss;
  loss.targets = target_count_;
  loss.finite = finite_.load();
  for (const double value : losses_) loss.sum += value;
  return loss;
}

size_t GradientPass::Impl::FirstSequence(size_t token) const {
  size_t sequence = 0;
  while (sequence < batch_.size() && places_[sequence].token < token) {
    ++sequence;
  }
  return sequence;
}

void GradientPass::Impl::RunThread(int thread, bool backward) {
  const size_t threads = static_cast<size_t>(pool_.size());
  const size_t index = static_cast<size_t>(thread);
  const size_t tokens = places_.back().token;
  Scratch& scratch = scratch_[index];
  const size_t end = FirstSequence(tokens * (index + 1) / threads);
  Group group;
  group.begin = FirstSequence(tokens * index / threads);
  while (group.begin < end) {
    group.end = group.begin + 1;
    while (group.end < end && TokenCount(group) < kGroupTokens) ++group.end;
    Embed(group);
    for (size_t layer = 0; layer < layers_.size(); ++layer) {
      ForwardLayer(layer, group, scratch);
    }
    ForwardOutput(group, scratch);
    if (backward) Backward(group, scratch);
    group.begin = group.end;
  }
}

// --- Products --------------------------------------------------------------

void GradientPass::Impl::Normalize(const Floats& weight, const float* x,
                                   float* out, size_t rows) {
  bool finite = true;
  for (size_t t = 0; t < rows; ++t) {
    finite &= kernels_.rms_norm(x + t * hidden_, weight.data(),
                                model_.shape.rms_norm_epsilon, hidden_,
                                out + t * hidden_);
  }
  Note(finite);
}

void GradientPass::Impl::Multiply(TrainedTensor& tensor, const float* x,
                                  size_t tokens, SidePath* path,
                                  size_t first_token, float* out,
                                  Scratch& scratch) {
  const size_t rows = tensor.rows();
  const size_t columns = tensor.columns();
  const TrainedFactors& factors = tensor.factors;
  const size_t rank = factors.rank;
  for (size_t first = 0; first < tokens; first += kMaxBatchTokens) {
    ActivationBatch batch;
    batch.tokens = std::min(kMaxBatchTokens, tokens - first);
    batch.columns = columns;
    batch.values = x + first * columns;
    batch.value_stride = columns;
    float* to = out + first * rows;
    kernels_.mat_mul(ViewF32(tensor.weights, rows, columns), 0, rows, batch,
                     to, rows, nullptr);
    if (rank == 0) continue;
    float* down = path->scaled.Row(first_token + first, rank);
    kernels_.mat_mul(ViewF32(factors.a, rank, columns), 0, rank, batch, down,
                     rank, nullptr);
    batch.columns = rank;
    batch.values = down;
    batch.value_stride = rank;
    float* up = scratch.product.data();
    kernels_.mat_mul(ViewF32(factors.b, rows, rank), 0, rows, batch, up, rows,
                     nullptr);
    training_.add_scaled(to, up, factors.scale, batch.tokens * rows);
    for (size_t i = 0; i < batch.tokens * rank; ++i) down[i] *= factors.scale;
  }
}

void GradientPass::Impl::MultiplyBack(const TrainedTensor& tensor,
                                      const float* dy, size_t tokens,
                                      SidePath* path, size_t first_token,
                                      bool add, float* dx) {
  const TrainedFactors& factors = tensor.factors;
  OuterProducts products;
  products.a = dy;
  products.a_row_stride = tensor.rows();
  products.a_inner_stride = 1;
  products.b = tensor.weights.data();
  products.b_stride = tensor.columns();
  products.out = dx;
  products.out_stride = tensor.columns();
  products.rows = tokens;
  products.inner = tensor.rows();
  products.columns = tensor.columns();
  products.add = add;
  training_.add_outer_products(products);
  if (factors.rank == 0) return;
  float* down = path->gradient.Row(first_token, factors.rank);
  products.b = factors.b.data();
  products.b_stride = factors.rank;
  products.out = down;
  products.out_stride = factors.rank;
  products.columns = factors.rank;
  products.add = false;
  training_.add_outer_products(products);
  for (size_t i = 0; i < tokens * factors.rank; ++i) down[i] *= factors.scale;
  products.a = down;
  products.a_row_stride = factors.rank;
  products.b = factors.a.data();
  products.b_stride = tensor.columns();
  products.out = dx;
  products.out_stride = tensor.columns();
  products.inner = factors.rank;
  products.columns = tensor.columns();
  products.add = true;
  training_.add_outer_products(products);
}

void GradientPass::Impl::Rope(float* heads, size_t head_count, size_t position,
                              const Floats& sines) {
  const size_t pairs = model_.shape.head_dim / 2;
  for (size_t head = 0; head < head_count; ++head) {
    Note(kernels_.rope(heads + head * 2 * pairs,
                       cosines_.data() + position * pairs,
                       sines.data() + position * pairs, pairs));
  }
}

void GradientPass::Impl::RopeSequences(Group group, float* query, float* key,
                                       const Floats& sines) {
  for (size_t s = group.begin; s < group.end; ++s) {
    for (size_t p = 0; p < batch_[s].inputs(); ++p) {
      const size_t token = places_[s].token + p;
      Rope(query + token * heads_, model_.shape.head_count, p, sines);
      Rope(key + token * kv_heads_, model_.shape.kv_head_count, p, sines);
    }
  }
}

// Calls body(attention group, offset of its queries, of its keys) for each
// key-value head of each sequence.
template <typename Body>
void GradientPass::Impl::ForAttentionGroups(size_t layer, Group group,
                                            const Body& body) {
  const LayerState& state = layers_[layer];
  const size_t kv_head_count = model_.shape.kv_head_count;
  AttentionGroup attention;
  attention.head_dim = model_.shape.head_dim;
  attention.query_heads = model_.shape.head_count / kv_head_count;
  attention.query_stride = heads_;
  attention.kv_stride = kv_heads_;
  for (size_t s = group.begin; s < group.end; ++s) {
    const Place& place = places_[s];
    attention.tokens = batch_[s].inputs();
    const size_t probabilities =
        attention.tokens * ProbabilityStride(attention.tokens);
    for (size_t h = 0; h < kv_head_count; ++h) {
      const size_t first_head = h * attention.query_heads;
      const size_t query =
          place.token * heads_ + first_head * attention.head_dim;
      const size_t key = place.token * kv_heads_ + h * attention.head_dim;
      attention.queries = state.query.data + query;
      attention.keys = state.key.data + key;
      attention.values = state.value.data + key;
      attention.probabilities = state.probabilities.data +
                                place.probability +
                                first_head * probabilities;
      body(attention, query, key);
    }
  }
}

// --- Forward ---------------------------------------------------------------

void GradientPass::Impl::Embed(Group group) {
  const Floats& embeddings = model_.embeddings().weights;
  for (size_t s = group.begin; s < group.end; ++s) {
    float* row = residual_[0].Row(places_[s].token, hidden_);
    for (size_t p = 0; p < batch_[s].inputs(); ++p) {
      const float* from = embeddings.data() + batch_[s].ids[p] * hidden_;
      std::copy(from, from + hidden_, row + p * hidden_);
    }
  }
}

void GradientPass::Impl::ForwardLayer(size_t layer, Group group,
                                      Scratch& scratch) {
  using T = TrainedLayerTensor;
  LayerState& state = layers_[layer];
  const size_t first = places_[group.begin].token;
  const size_t tokens = TokenCount(group);
  const auto multiply = [&](T tensor, const Buffer& x, const Buffer& out) {
    TrainedTensor& matrix = model_.layer(layer, tensor);
    Multiply(matrix, x.Row(first, matrix.columns()), tokens,
             PathOf(layer, tensor), first, out.Row(first, matrix.rows()),
             scratch);
  };
  const auto weights = [&](T tensor) -> const Floats& {
    return model_.layer(layer, tensor).weights;
  };
  // out = x + what `out` holds.
  const auto add = [&](const Buffer& x, const Buffer& out) {
    const float* from = x.Row(first, hidden_);
    float* to = out.Row(first, hidden_);
    Note(kernels_.add(to, from, tokens * hidden_));
  };
  const Buffer& input = residual_[layer];
  const Buffer& output = residual_[layer + 1];

  Normalize(weights(T::kAttnNorm), input.Row(first, hidden_),
            state.attn_normed.Row(first, hidden_), tokens);
  multiply(T::kWq, state.attn_normed, state.query);
  multiply(T::kWk, state.attn_normed, state.key);
  multiply(T::kWv, state.attn_normed, state.value);
  RopeSequences(group, state.query.data, state.key.data, sines_);
  ForAttentionGroups(
      layer, group,
      [&](const AttentionGroup& attention, size_t query, size_t /*key*/) {
        Note(scratch.attention.Forward(attention,
                                       state.attention.data + query));
      });
  multiply(T::kWo, state.attention, state.middle);
  add(input, state.middle);

  Normalize(weights(T::kFfnNorm), state.middle.Row(first, hidden_),
            state.ffn_normed.Row(first, hidden_), tokens);
  multiply(T::kW1, state.ffn_normed, state.gate);
  multiply(T::kW3, state.ffn_normed, state.up);
  const float* gate = state.gate.Row(first, ffn_);
  float* product = state.product.Row(first, ffn_);
  std::copy(gate, gate + tokens * ffn_, product);
  Note(kernels_.swiglu(product, state.up.Row(first, ffn_), tokens * ffn_));
  multiply(T::kW2, state.product, output);
  add(state.middle, output);
}

void GradientPass::Impl::ForwardOutput(Group group, Scratch& scratch) {
  const size_t first = places_[group.begin].target;
  const size_t count = TargetCount(group);
  for (size_t s = group.begin; s < group.end; ++s) {
    // The position before a target tells it.
    const float* from = residual_.back().Row(
        places_[s].token + batch_[s].first_target - 1, hidden_);
    std::copy(from, from + batch_[s].targets() * hidden_,
              final_input_.Row(places_[s].target, hidden_));
  }
  float* normed = final_normed_.Row(first, hidden_);
  Normalize(model_.norm().weights, final_input_.Row(first, hidden_), normed,
            count);
  Multiply(model_.output(), normed, count, &output_path_, first,
           logits_.Row(first, vocab_), scratch);
  const float weight = 1.0f / static_cast<float>(target_count_);
  for (size_t s = group.begin; s < group.end; ++s) {
    const absl::Span<const uint32_t> targets =
        batch_[s].ids.subspan(batch_[s].first_target);
    for (size_t i = 0; i < targets.size(); ++i) {
      const size_t row = places_[s].target + i;
      const CrossEntropyRow result = training_.cross_entropy(
          logits_.Row(row, vocab_), vocab_, targets[i], weight);
      const bool finite = result.sum >= 1.0f && result.sum <= 3e38f;
      Note(finite);
      losses_[row] = finite ? Log(static_cast<double>(result.sum)) -
                                  (static_cast<double>(result.target_logit) -
                                   static_cast<double>(result.largest))
                            : 0.0;
    }
  }
}

// --- Backward --------------------------------------------------------------

void GradientPass::Impl::Backward(Group group, Scratch& scratch) {
  BackwardOutput(group);
  for (size_t layer = layers_.size(); layer-- > 0;) {
    BackwardLayer(layer, group, scratch);
  }
}

void GradientPass::Impl::BackwardOutput(Group group) {
  const size_t first = places_[group.begin].target;
  const size_t count = TargetCount(group);
  MultiplyBack(model_.output(), logits_.Row(first, vocab_), count,
               &output_path_, first, false, d_final_normed_.Row(first, hidden_));
  float* gradient =
      d_residual_.back().Row(places_[group.begin].token, hidden_);
  std::fill(gradient, gradient + TokenCount(group) * hidden_, 0.0f);
  for (size_t s = group.begin; s < group.end; ++s) {
    for (size_t i = 0; i < batch_[s].targets(); ++i) {
      const size_t row = places_[s].target + i;
      const size_t token = places_[s].token + batch_[s].first_target - 1 + i;
      final_inverse_.data[row] = training_.rms_norm_gradient(
          final_input_.Row(row, hidden_), model_.norm().weights.data(),
          d_final_normed_.Row(row, hidden_), model_.shape.rms_norm_epsilon,
          hidden_, d_residual_.back().Row(token, hidden_));
    }
  }
}

void GradientPass::Impl::BackwardFeedForward(size_t layer, Group group) {
  using T = TrainedLayerTensor;
  LayerState& state = layers_[layer];
  const size_t first = places_[group.begin].token;
  const size_t tokens = TokenCount(group);
  const float* d_out = d_residual_[layer + 1].Row(first, hidden_);
  float* d_gate = state.d_gate.Row(first, ffn_);
  float* d_up = state.d_up.Row(first, ffn_);
  float* d_normed = state.d_ffn_normed.Row(first, hidden_);
  MultiplyBack(model_.layer(layer, T::kW2), d_out, tokens,
               PathOf(layer, T::kW2), first, false, d_gate);
  training_.swiglu_gradient(state.gate.Row(first, ffn_),
                            state.up.Row(first, ffn_), d_gate, d_up,
                            tokens * ffn_);
  MultiplyBack(model_.layer(layer, T::kW1), d_gate, tokens,
               PathOf(layer, T::kW1), first, false, d_normed);
  MultiplyBack(model_.layer(layer, T::kW3), d_up, tokens,
               PathOf(layer, T::kW3), first, true, d_normed);
  float* d_middle = state.d_middle.Row(first, hidden_);
  std::copy(d_out, d_out + tokens * hidden_, d_middle);
  const Floats& weight = model_.layer(layer, T::kFfnNorm).weights;
  for (size_t t = 0; t < tokens; ++t) {
    state.ffn_inverse.data[first + t] = training_.rms_norm_gradient(
        state.middle.Row(first + t, hidden_), weight.data(),
        d_normed + t * hidden_, model_.shape.rms_norm_epsilon, hidden_,
        d_middle + t * hidden_);
  }
}

void GradientPass::Impl::BackwardLayer(size_t layer, Group group,
                                       Scratch& scratch) {
  using T = TrainedLayerTensor;
  BackwardFeedForward(layer, group);
  LayerState& state = layers_[layer];
  const size_t first = places_[group.begin].token;
  const size_t tokens = TokenCount(group);
  const float* d_middle = state.d_middle.Row(first, hidden_);
  MultiplyBack(model_.layer(layer, T::kWo), d_middle, tokens,
               PathOf(layer, T::kWo), first, false,
               d_attention_.Row(first, heads_));
  ForAttentionGroups(
      layer, group,
      [&](const AttentionGroup& attention, size_t query, size_t key) {
        scratch.attention.Backward(
            attention, d_attention_.data + query,
            state.d_query.data + query, state.d_key.data + key,
            state.d_value.data + key);
      });
  RopeSequences(group, state.d_query.data, state.d_key.data,
                negative_sines_);
  float* d_normed = state.d_attn_normed.Row(first, hidden_);
  MultiplyBack(model_.layer(layer, T::kWq), state.d_query.Row(first, heads_),
               tokens, PathOf(layer, T::kWq), first, false, d_normed);
  MultiplyBack(model_.layer(layer, T::kWk), state.d_key.Row(first, kv_heads_),
               tokens, PathOf(layer, T::kWk), first, true, d_normed);
  MultiplyBack(model_.layer(layer, T::kWv),
               state.d_value.Row(first, kv_heads_), tokens,
               PathOf(layer, T::kWv), first, true, d_normed);
  float* d_input = d_residual_[layer].Row(first, hidden_);
  std::copy(d_middle, d_middle + tokens * hidden_, d_input);
  const Floats& weight = model_.layer(layer, T::kAttnNorm).weights;
  for (size_t t = 0; t < tokens; ++t) {
    state.attn_inverse.data[first + t] = training_.rms_norm_gradient(
        residual_[layer].Row(first + t, hidden_), weight.data(),
        d_normed + t * hidden_, model_.shape.rms_norm_epsilon, hidden_,
        d_input + t * hidden_);
  }
}

// --- Gradients by weights --------------------------------------------------

void GradientPass::Impl::AddProductJob(TrainedTensor& tensor, const float* dy,
                                       const float* x, size_t tokens,
                                       SidePath* path) {
  WeightJob job;
  job.tokens = tokens;
  job.dy = dy;
  job.rows = tensor.rows();
  if (!tensor.frozen()) {
    job.x = x;
    job.columns = tensor.columns();
    job.out = tensor.gradient.data();
    jobs_.push_back(job);
  }
  TrainedFactors& factors = tensor.factors;
  if (factors.rank == 0) return;
  job.x = path->scaled.data;
  job.columns = factors.rank;
  job.out = factors.b_gradient.data();
  jobs_.push_back(job);
  job.dy = path->gradient.data;
  job.x = x;
  job.rows = factors.rank;
  job.columns = tensor.columns();
  job.out = factors.a_gradient.data();
  jobs_.push_back(job);
}

void GradientPass::Impl::AddNormJob(TrainedTensor& tensor, const float* dy,
                                    const float* x, const Buffer& inverse,
                                    size_t tokens) {
  if (tensor.frozen()) return;
  WeightJob job;
  job.dy = dy;
  job.x = x;
  job.tokens = tokens;
  job.rows = 1;
  job.columns = tensor.columns();
  job.out = tensor.gradient.data();
  job.inverse = inverse.data;
  jobs_.push_back(job);
}

void GradientPass::Impl::MakeJobs() {
  using T = TrainedLayerTensor;
  jobs_.clear();
  const size_t tokens = places_.back().token;
  AddProductJob(model_.output(), logits_.data, final_normed_.data,
                target_count_, &output_path_);
  AddNormJob(model_.norm(), d_final_normed_.data, final_input_.data,
             final_inverse_, target_count_);
  for (size_t layer = layers_.size(); layer-- > 0;) {
    LayerState& state = layers_[layer];
    const auto add = [&](T tensor, const Buffer& dy, const Buffer& x) {
      AddProductJob(model_.layer(layer, tensor), dy.data, x.data, tokens,
                    PathOf(layer, tensor));
    };
    add(T::kW2, d_residual_[layer + 1], state.product);
    add(T::kW1, state.d_gate, state.ffn_normed);
    add(T::kW3, state.d_up, state.ffn_normed);
    add(T::kWo, state.d_middle, state.attention);
    add(T::kWq, state.d_query, state.attn_normed);
    add(T::kWk, state.d_key, state.attn_normed);
    add(T::kWv, state.d_value, state.attn_normed);
    AddNormJob(model_.layer(layer, T::kFfnNorm), state.d_ffn_normed.data,
               state.middle.data, state.ffn_inverse, tokens);
    AddNormJob(model_.layer(layer, T::kAttnNorm), state.d_attn_normed.data,
               residual_[layer].data, state.attn_inverse, tokens);
  }
}

void GradientPass::Impl::RunJobs(int thread) {
  uint64_t total = 0;
  for (const WeightJob& job : jobs_) total += job.rows * job.row_cost();
  const uint64_t threads = static_cast<uint64_t>(pool_.size());
  const uint64_t index = static_cast<uint64_t>(thread);
  const uint64_t begin = total * index / threads;
  const uint64_t end = total * (index + 1) / threads;
  uint64_t start = 0;
  for (const WeightJob& job : jobs_) {
    const uint64_t cost = job.rows * job.row_cost();
    // The rows whose work lies before `point`.
    const auto row_at = [&](uint64_t point) -> size_t {
      if (point <= start) return 0;
      if (point >= start + cost) return job.rows;
      return static_cast<size_t>((point - start) / job.row_cost() / kRowGrain *
                                 kRowGrain);
    };
    const size_t first = row_at(begin);
    const size_t last = row_at(end);
    if (first < last) RunJob(job, first, last);
    start += cost;
  }
  // A tied output's gradient is what the embeddings' is added to.
  pool_.Barrier();
  AddEmbeddingRows(thread);
}

void GradientPass::Impl::RunJob(const WeightJob& job, size_t begin,
                                size_t end) {
  if (job.inverse != nullptr) {
    training_.norm_weight_gradient(job.dy, job.x, job.columns, job.inverse,
                                   job.tokens, job.columns, job.out);
    return;
  }
  OuterProducts products;
  products.a = job.dy + begin;
  products.a_row_stride = 1;
  products.a_inner_stride = job.rows;
  products.b = job.x;
  products.b_stride = job.columns;
  products.out = job.out + begin * job.columns;
  products.out_stride = job.columns;
  products.rows = end - begin;
  products.inner = job.tokens;
  products.columns = job.columns;
  training_.add_outer_products(products);
}

void GradientPass::Impl::AddEmbeddingRows(int thread) {
  TrainedTensor& embeddings = model_.embeddings();
  if (embeddings.frozen()) return;
  const Range rows = SplitRange(vocab_, 1, thread, pool_.size());
  float* gradient = embeddings.gradient.data();
  if (!model_.shape.tied_output) {
    std::fill(gradient + rows.begin * hidden_, gradient + rows.end * hidden_,
              0.0f);
  }
  for (size_t s = 0; s < batch_.size(); ++s) {
    for (size_t p = 0; p < batch_[s].inputs(); ++p) {
      const uint32_t id = batch_[s].ids[p];
      if (id < rows.begin || id >= rows.end) continue;
      Note(kernels_.add(gradient + id * hidden_,
                        d_residual_[0].Row(places_[s].token + p, hidden_),
                        hidden_));
    }
  }
}

GradientPass::GradientPass(TrainedModel* model, ThreadPool* pool,
                           Target target)
    : impl_(std::make_unique<Impl>(model, pool, target)) {}

GradientPass::~GradientPass() = default;

absl::StatusOr<BatchLoss> GradientPass::RunBatch(
    absl::Span<const TrainingSequence> batch) {
  return impl_->Run(batch, true);
}

absl::StatusOr<BatchLoss> GradientPass::RunForward(
    absl::Span<const TrainingSequence> batch) {
  return impl_->Run(batch, false);
}

}  // namespace pedigree
