// Any bytes: SlmReader refuses them or gives views that can be read.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/format/slm_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> file(data, data + size);  // aligned
  const auto model = pedigree::SlmReader::Parse(file);
  if (!model.ok()) return 0;
  for (size_t i = 0; i < model->entries().size(); ++i) {
    const pedigree::TensorEntry& entry = model->entries()[i];
    PEDIGREE_CHECK(model->FindTensor(entry.name_hash) == static_cast<int>(i));
    PEDIGREE_CHECK(model->payload(i).size() == entry.byte_length);
    for (const float scale : model->scales(i)) PEDIGREE_CHECK(scale != 0);
  }
  return 0;
}
