// Bytes that somebody holds on to.

#ifndef PEDIGREE_RUNTIME_BASE_BYTE_SOURCE_H_
#define PEDIGREE_RUNTIME_BASE_BYTE_SOURCE_H_

#include <cstdint>

#include "runtime/base/bytes.h"

namespace pedigree {

struct FileHashes;

// The bytes stay where they are, and as they are but for what is written through
// Writable, as long as the source lives.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual ByteSpan bytes() const = 0;

  // The hashes of the file that the bytes are, where they were taken on the way
  // here; null where nobody has.
  virtual const FileHashes* hashes() const { return nullptr; }

  // Whether Release gives memory back.
  virtual bool releases() const { return false; }
  // Gives back the memory of the whole pages in `range`, a part of bytes(). Reading
  // them again brings back the same bytes. Any thread may call it.
  virtual void Release(ByteSpan /*range*/) const {}

  // The place of bytes() where whoever loads them may write over them: nobody else
  // wants them any more. Else null.
  virtual uint8_t* Writable() const { return nullptr; }
};

// Bytes of someone else, who outlives the source.
class BorrowedBytes final : public ByteSource {
 public:
  explicit BorrowedBytes(ByteSpan bytes) : bytes_(bytes) {}

  ByteSpan bytes() const override { return bytes_; }

 private:
  ByteSpan bytes_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_BYTE_SOURCE_H_
