// The tensors of a model by their part in it.

#ifndef PEDIGREE_RUNTIME_MODEL_WEIGHTS_H_
#define PEDIGREE_RUNTIME_MODEL_WEIGHTS_H_

#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/low_rank.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {

// Where the tensors of a model stand in the order of CanonicalTensors.
enum class LayerTensor : int {
  kAttnNorm,
  kWq,
  kWk,
  kWv,
  kWo,
  kFfnNorm,
  kW1,
  kW3,
  kW2,
};

// Views of all tensors in canonical order, and the low-rank products that are
// added to what some of them give. Borrows the values.
class Weights {
 public:
  // `tensors` has one view for each of CanonicalTensors(shape).
  Weights(const ModelShape& shape, std::vector<TensorView> tensors)
      : layer_count_(static_cast<int>(shape.layer_count)),
        tied_output_(shape.tied_output),
        tensors_(std::move(tensors)) {}

  // Where the parts stand in the canonical order.
  int embeddings_index() const { return 0; }
  int layer_index(int layer, LayerTensor tensor) const {
    return 1 + layer * kPerLayer + static_cast<int>(tensor);
  }
  int norm_index() const { return 1 + layer_count_ * kPerLayer; }
  int output_index() const {
    return tied_output_ ? embeddings_index() : norm_index() + 1;
  }

  const TensorView& embeddings() const { return tensors_[embeddings_index()]; }
  const TensorView& layer(int layer, LayerTensor tensor) const {
    return tensors_[layer_index(layer, tensor)];
  }
  const TensorView& norm() const { return tensors_[norm_index()]; }
  const TensorView& output() const { return tensors_[output_index()]; }

  // In canonical order.
  absl::Span<const TensorView> tensors() const { return tensors_; }
  // Puts another view of the same shape in place of tensor `index`. Its side
  // paths stay.
  void Replace(int index, const TensorView& tensor) {
    tensors_[index] = tensor;
  }

  // What is added to W x of tensor `index`, in this order; see LowRankDown.
  absl::Span<const LowRank> side_paths(int index) const {
    if (side_paths_.empty()) return {};
    return side_paths_[index];
  }
  // Adds one behind those that tensor `index`, a matrix, has.
  void AddSidePath(int index, const LowRank& path) {
    side_paths_.resize(tensors_.size());
    side_paths_[index].push_back(path);
  }

 private:
  static constexpr int kPerLayer = static_cast<int>(kTensorsPerLayer);

  int layer_count_;
  bool tied_output_;
  std::vector<TensorView> tensors_;
  // One list a tensor, or empty where no tensor has any.
  std::vector<std::vector<LowRank>> side_paths_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_WEIGHTS_H_
