// Where unfinished uploads are kept track of, so that a push that was killed goes
// on where it stopped. One small file an upload.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_UPLOAD_JOURNAL_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_UPLOAD_JOURNAL_H_

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/sha256.h"

namespace pedigree {

// Losing an entry costs a new upload, never a wrong one: the registry checks the
// digest of what it got. So nothing here is an error. Different uploads may be
// recorded from different threads.
class UploadJournal {
 public:
  // In `folder`, made when it is needed; an empty name keeps nothing.
  explicit UploadJournal(std::string folder) : folder_(std::move(folder)) {}

  // The address of the unfinished upload of `blob` to `place`, a registry and
  // repository.
  std::optional<std::string> Find(std::string_view place,
                                  const Digest& blob) const;
  // The address is readable by the user alone: registries put state into it.
  void Record(std::string_view place, const Digest& blob,
              std::string_view location) const;
  void Forget(std::string_view place, const Digest& blob) const;

 private:
  std::string Path(std::string_view place, const Digest& blob) const;

  std::string folder_;
};

// $XDG_STATE_HOME/pedigree/uploads, else $HOME/.local/state/pedigree/uploads;
// empty when neither variable is set.
std::string DefaultJournalFolder();

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_UPLOAD_JOURNAL_H_
