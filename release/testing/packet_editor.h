// Changes packets the way an attacker would: carelessly, leaving digests wrong,
// or carefully, making every digest right again.

#ifndef PEDIGREE_RELEASE_TESTING_PACKET_EDITOR_H_
#define PEDIGREE_RELEASE_TESTING_PACKET_EDITOR_H_

#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// Edits the packet in one directory. Every member asserts that what it names is
// there.
class PacketEditor {
 public:
  explicit PacketEditor(std::string directory);

  // The manifest now, and the digest of the layer or config of that name
  // ("config").
  Json Manifest() const;
  Digest DigestOf(std::string_view name) const;
  std::string Read(std::string_view name) const;

  std::string PathOf(std::string_view name) const;
  std::string Path(std::string_view file) const;

  // Careful edits: the blob gets a new digest, and manifest and index follow.
  void Replace(std::string_view name, std::string_view bytes);
  void ChangeJson(std::string_view name,
                  const std::function<void(Json&)>& change);
  void ChangeManifest(const std::function<void(Json&)>& change);
  // The same, for a manifest that is no JSON.
  void ReplaceManifest(std::string_view bytes);

  // Careless edits: of the file alone.
  void FlipBit(const std::string& path);
  void WriteFile(const std::string& path, std::string_view bytes);

 private:
  void WriteBlob(std::string_view bytes);

  std::string directory_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_TESTING_PACKET_EDITOR_H_
