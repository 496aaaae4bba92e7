// One batch on its way through the layers.

#ifndef PEDIGREE_RUNTIME_MODEL_FORWARD_PASS_H_
#define PEDIGREE_RUNTIME_MODEL_FORWARD_PASS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// One token to run.
struct BatchToken {
  // The sequence it belongs to: its keys and values go here.
  KvCache* cache = nullptr;
  uint32_t token = 0;
  uint32_t position = 0;
  // Whether the logits behind it are wanted.
  bool logits = false;
};

// What a pass works with. `scratch` is laid out as `plan` says; frequencies
// are filled in.
struct ForwardParts {
  const ModelShape* shape = nullptr;
  const MemoryPlan* plan = nullptr;
  uint8_t* scratch = nullptr;
  const Kernels* kernels = nullptr;
  ThreadPool* pool = nullptr;
  int threads = 1;
  // Room for the low-rank side paths, [tokens][h_stride]; h_stride is at least
  // the sum of the ranks of one tensor's paths. Null without side paths.
  float* side_h = nullptr;
  size_t h_stride = 0;
};

// Every step is called by all threads of the pass, each of which does its share;
// a barrier stands wherever one reads what others wrote. Work is cut by token, by
// head, by activation block or by tile of rows, never inside a sum, so no cut
// changes a bit.
class ForwardPass {
 public:
  ForwardPass(const ForwardParts& parts, const Weights& weights,
              absl::Span<const BatchToken> batch);

  // Errors: code GenerationFailed, naming a place.
  absl::Status Run();

 private:
  // Where a value that is not finite may turn up, in the order of a layer.
  enum class Place : uint32_t;

  // The input of some matrices, for all tokens: f32 values and where their
  // quantized forms are.
  struct Input {
    float* values = nullptr;
    size_t columns = 0;
    int8_t* integers = nullptr;
    int8_t* split_integers = nullptr;
    size_t integer_stride = 0;
    float* scales = nullptr;
    int32_t* sums = nullptr;
  };
  // Which quantized forms the matrices that read an input ask for.
  struct Forms {
    bool integers = false;
    bool split = false;
  };
  // One matrix, and where its product with an input goes.
  struct Product {
    int tensor = 0;  // index in Weights::tensors()
    float* out = nullptr;
    size_t out_stride = 0;
  };

  void RunThread(int thread);
  void Embed(int thread);
  void RunLayer(int layer, int thread);
  void AttentionInput(int layer, int thread);
  void RopeAndStore(int layer, int thread);
  void RopeHeads(float* heads, uint32_t count, size_t token, int layer,
                 Place place);
  void Attend(int layer, int thread);
  void QuantizeAttention(int layer, int thread);
  void FeedForwardInput(int layer, int thread);
  void FeedForward(int layer, int thread);
  void Output(int thread);

  // residual += projection for a token.
  void AddToResidual(size_t token, int layer, Place place);
  // Row `row` of `input` = RMSNorm of a token's residual, with `forms`.
  void Normalize(const TensorView& norm, size_t token, size_t row,
                 const Input& input, Forms forms, int layer, Place place,
                 int thread);
  // Columns [begin, end) of one row in the forms asked for.
  void Quantize(const Input& input, size_t row, size_t begin, size_t end,
                Forms forms);

  // out = W x, with side paths, for each product; rows are shared out among the
  // threads. `side_place` is that of SideDown.
  void Multiply(absl::Span<const Product> products, const ActivationBatch& x,
                int layer, Place side_place, int thread);
  // Some rows of one product.
  void MultiplyRows(const Product& product, size_t side_offset,
                    const ActivationBatch& x, Range rows, int thread);
  // h = A x for all side paths of the products, then a barrier; nothing when
  // there are none.
  void SideDown(absl::Span<const Product> products, const ActivationBatch& x,
                int layer, Place place, int thread);
  // Adds scale * B h to some rows of one product.
  void SideUp(const Product& product, size_t side_offset, size_t tokens,
              Range rows);

  Input HiddenInput() const;
  Input AttentionOutput() const;
  Input GateInput() const;
  ActivationBatch Batch(const Input& input, size_t tokens) const;
  Forms FormsFor(std::initializer_list<int> tensors) const;
  const TensorView& TensorAt(int tensor) const {
    return weights_.tensors()[static_cast<size_t>(tensor)];
  }
  template <typename T>
  T* Part(uint64_t offset) const {
    return reinterpret_cast<T*>(parts_.scratch + offset);
  }
  // This thread's share of the tokens.
  Range Tokens(int thread) const;
  void Barrier() { parts_.pool->Barrier(); }
  void Note(bool finite, int layer, Place place);
  absl::Status Fault() const;

  ForwardParts parts_;
  const ModelShape& shape_;
  const MemoryPlan& plan_;
  const Kernels& kernels_;
  const Weights& weights_;
  absl::Span<const BatchToken> batch_;
  size_t hidden_;
  size_t heads_;     // head_count * head_dim
  size_t kv_heads_;  // kv_head_count * head_dim
  size_t ffn_;
  // The first place, in the order of layers and places, at which something was
  // not finite.
  std::atomic<uint32_t> fault_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_FORWARD_PASS_H_
