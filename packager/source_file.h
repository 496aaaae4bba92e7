// A file that an importer reads.

#ifndef PEDIGREE_PACKAGER_SOURCE_FILE_H_
#define PEDIGREE_PACKAGER_SOURCE_FILE_H_

#include <string>

#include "runtime/base/bytes.h"

namespace pedigree {

// A file's bytes; `path` begins the messages of errors in it.
struct SourceFile {
  std::string path;
  ByteSpan bytes;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SOURCE_FILE_H_
