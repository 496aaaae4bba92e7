// Any bytes: SlmReader refuses them or gives views that can be read.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/checksum.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

void ReadAll(const std::vector<uint8_t>& file) {
  const auto model = SlmReader::Parse(file);
  if (!model.ok()) return;
  for (size_t i = 0; i < model->entries().size(); ++i) {
    const TensorEntry& entry = model->entries()[i];
    PEDIGREE_CHECK(model->FindTensor(entry.name_hash) == static_cast<int>(i));
    PEDIGREE_CHECK(model->payload(i).size() == entry.byte_length);
    for (const float scale : model->scales(i)) PEDIGREE_CHECK(scale != 0);
  }
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> file(data, data + size);  // aligned
  pedigree::ReadAll(file);
  if (size < pedigree::kSlmHeaderBytes) return 0;
  // Once more with the right checksum, which would else hide what is behind.
  pedigree::StoreLittleEndian(
      pedigree::FileChecksum(file, pedigree::kSlmChecksumOffset),
      &file[pedigree::kSlmChecksumOffset]);
  pedigree::ReadAll(file);
  return 0;
}
