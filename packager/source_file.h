// A file that an importer reads.

#ifndef PEDIGREE_PACKAGER_SOURCE_FILE_H_
#define PEDIGREE_PACKAGER_SOURCE_FILE_H_

#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/file.h"

namespace pedigree {

// A file's bytes; `path` begins the messages of errors in it.
struct SourceFile {
  std::string path;
  ByteSpan bytes;
  // Where the bytes are mapped, so that what was read can be released; null
  // when they are not.
  const MappedFile* mapped = nullptr;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SOURCE_FILE_H_
