// The tensors of a model by their part in it.

#ifndef PEDIGREE_RUNTIME_MODEL_WEIGHTS_H_
#define PEDIGREE_RUNTIME_MODEL_WEIGHTS_H_

#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "runtime/format/slm_format.h"
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

// Views of all tensors in canonical order. Cheap to copy; borrows the values.
class Weights {
 public:
  // `tensors` has one view for each of CanonicalTensors(shape).
  Weights(const ModelShape& shape, std::vector<TensorView> tensors)
      : layer_count_(static_cast<int>(shape.layer_count)),
        tied_output_(shape.tied_output),
        tensors_(std::move(tensors)) {}

  const TensorView& embeddings() const { return tensors_[0]; }
  const TensorView& layer(int layer, LayerTensor tensor) const {
    return tensors_[1 + layer * kPerLayer + static_cast<int>(tensor)];
  }
  const TensorView& norm() const {
    return tensors_[1 + layer_count_ * kPerLayer];
  }
  const TensorView& output() const {
    return tied_output_ ? embeddings() : tensors_.back();
  }

  // In canonical order.
  absl::Span<const TensorView> tensors() const { return tensors_; }
  // Puts another view of the same shape in place of tensor `index`.
  void Replace(int index, const TensorView& tensor) {
    tensors_[index] = tensor;
  }

 private:
  static constexpr int kPerLayer = static_cast<int>(kTensorsPerLayer);

  int layer_count_;
  bool tied_output_;
  std::vector<TensorView> tensors_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_MODEL_WEIGHTS_H_
