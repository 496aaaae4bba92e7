// SHA-256 of files that memory need not hold.

#ifndef PEDIGREE_PACKAGER_FILE_DIGEST_H_
#define PEDIGREE_PACKAGER_FILE_DIGEST_H_

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// The digest of the whole file, a few megabytes of which are in memory at a
// time.
Digest DigestOf(const MappedFile& file);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_FILE_DIGEST_H_
