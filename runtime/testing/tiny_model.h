// Small valid models and adapters for tests, written byte by byte from
// docs/formats/slm.md and docs/formats/adapter.md: the runtime must not depend
// on the packager, and a mistake of its writers can't hide here.

#ifndef PEDIGREE_RUNTIME_TESTING_TINY_MODEL_H_
#define PEDIGREE_RUNTIME_TESTING_TINY_MODEL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/format/slm_format.h"

namespace pedigree {

// A byte-level model of random weights.
struct TinyModelOptions {
  // Of all matrices; norms are f32.
  DType dtype = DType::kF32;
  // 0: one scale a row for kQ8_0, 32 for kQ4_0.
  uint32_t block_size = 0;
  // Whether scales are ones that half precision holds, as the packer's of q4_0.
  bool half_scales = false;
  bool tied_output = false;
  uint32_t hidden_size = 32;
  uint32_t layer_count = 2;
  uint32_t head_count = 4;
  uint32_t kv_head_count = 2;
  uint32_t head_dim = 8;
  uint32_t ffn_size = 64;
  uint32_t max_context = 48;
  uint64_t seed = 1;
  // Weights lie in [-weight_range, weight_range].
  float weight_range = 0.4f;
};

// The `.slm` file.
std::string TinyModel(const TinyModelOptions& options);

// One payload of an adapter, dense, sparse or low-rank.
struct TinyDelta {
  std::string tensor_name;
  std::vector<float> values;
};
struct TinySparseDelta {
  std::string tensor_name;
  std::vector<uint32_t> indices;
  std::vector<float> values;
};
struct TinyLowRank {
  std::string tensor_name;
  uint32_t rank;
  float scale;
  std::vector<float> a;
  std::vector<float> b;
};

// An ADP1, ASP1 or ALR1 file for `model_file`, which TinyModel made.
std::string TinyAdapter(std::string_view model_file,
                        const std::vector<TinyDelta>& deltas);
std::string TinySparseAdapter(std::string_view model_file,
                              const std::vector<TinySparseDelta>& deltas);
std::string TinyLowRankAdapter(std::string_view model_file,
                               const std::vector<TinyLowRank>& factors);

// `count` values in [-range, range], the same for equal arguments.
std::vector<float> RandomValues(uint64_t seed, uint64_t count, float range);

// A copy of `bytes` that starts on a multiple of 64, as readers ask for.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::string_view bytes);
  std::string_view text() const;

 private:
  struct alignas(64) Line {
    char bytes[64];
  };
  std::vector<Line> lines_;
  size_t size_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TESTING_TINY_MODEL_H_
