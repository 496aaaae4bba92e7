#include "packager/fuse.h"

#include "packager/quantize.h"
#include "packager/slm_writer.h"
#include "runtime/base/bytes.h"
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

}  // namespace

absl::StatusOr<std::string> WriteFused(const Model& model,
                                       const AdapterStack& stack) {
  const SlmReader& reader = model.reader();
  SlmContent content;
  content.shape = reader.shape();
  content.tokenizer_section = std::string(AsText(reader.tokenizer_section()));
  for (size_t i = 0; i < reader.entries().size(); ++i) {
    const TensorView& fused = stack.weights().tensors()[i];
    if (fused.payload == reader.payload(i).data()) {
      content.tensors.push_back(CopyTensor(reader, i));
      continue;
    }
    const TensorEntry& entry = reader.entries()[i];
    content.tensors.push_back(StoreTensor(LoadTensor(fused), fused.columns,
                                          entry.dtype, entry.block_size));
  }
  return WriteSlm(content);
}

}  // namespace pedigree
