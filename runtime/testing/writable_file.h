// A file that whoever loads it may write over.

#ifndef PEDIGREE_RUNTIME_TESTING_WRITABLE_FILE_H_
#define PEDIGREE_RUNTIME_TESTING_WRITABLE_FILE_H_

#include <cstdint>
#include <string_view>

#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {

class WritableFile final : public ByteSource {
 public:
  explicit WritableFile(std::string_view file) : file_(file) {}

  ByteSpan bytes() const override { return AsBytes(file_.text()); }
  uint8_t* Writable() const override {
    return const_cast<uint8_t*>(bytes().data());
  }

 private:
  AlignedBytes file_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TESTING_WRITABLE_FILE_H_
