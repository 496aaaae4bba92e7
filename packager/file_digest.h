// SHA-256 of files that memory need not hold.

#ifndef PEDIGREE_PACKAGER_FILE_DIGEST_H_
#define PEDIGREE_PACKAGER_FILE_DIGEST_H_

#include <memory>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// The digest of the whole file, a few megabytes of which are in memory at a
// time.
Digest DigestOf(const MappedFile& file);

// A digest that is known or under way on a thread of its own, so that reading a
// file need not wait for it. Copies share it.
class LazyDigest {
 public:
  LazyDigest(const Digest& digest);  // NOLINT: implicit, a digest is one
  // Starts hashing `file`, which must outlive the last copy.
  static LazyDigest Start(const MappedFile& file);

  // Waits for it.
  const Digest& Get() const;

 private:
  class Work;
  explicit LazyDigest(std::shared_ptr<Work> work);

  Digest digest_;
  std::shared_ptr<Work> work_;  // null when `digest_` is known
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_FILE_DIGEST_H_
