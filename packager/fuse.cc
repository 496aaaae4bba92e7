#include "packager/fuse.h"

#include <vector>

#include "absl/types/span.h"
#include "packager/quantize.h"
#include "packager/slm_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/model/low_rank.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

// The stored tensor as it is.
TensorData CopyTensor(const SlmReader& reader, int index) {
  const TensorEntry& entry = reader.entries()[index];
  TensorData data;
  data.dtype = entry.dtype;
  data.block_size = entry.block_size;
  data.payload = std::string(AsText(reader.payload(index)));
  const absl::Span<const float> scales = reader.scales(index);
  data.scales.assign(scales.begin(), scales.end());
  return data;
}

// The tensor's values in f32 with its side paths folded in.
std::vector<float> FusedValues(const Weights& weights, int index) {
  const TensorView& tensor = weights.tensors()[index];
  const size_t columns = static_cast<size_t>(tensor.columns);
  std::vector<float> values = LoadTensor(tensor);
  for (const LowRank& path : weights.side_paths(index)) {
    for (size_t row = 0; row < tensor.rows; ++row) {
      LowRankRow(path, row,
                 absl::MakeSpan(values).subspan(row * columns, columns));
    }
  }
  return values;
}

}  // namespace

absl::StatusOr<std::string> WriteFused(const Model& model,
                                       const AdapterStack& stack) {
  const SlmReader& reader = model.reader();
  SlmContent content;
  content.shape = reader.shape();
  content.tokenizer_section = std::string(AsText(reader.tokenizer_section()));
  for (size_t i = 0; i < reader.entries().size(); ++i) {
    const Weights& weights = stack.weights();
    const TensorView& tensor = weights.tensors()[i];
    if (tensor.payload == reader.payload(i).data() &&
        weights.side_paths(i).empty()) {
      content.tensors.push_back(CopyTensor(reader, i));
      continue;
    }
    const TensorEntry& entry = reader.entries()[i];
    content.tensors.push_back(StoreTensor(FusedValues(weights, i),
                                          tensor.columns, entry.dtype,
                                          entry.block_size));
  }
  return WriteSlm(content);
}

}  // namespace pedigree
