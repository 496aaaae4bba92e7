#include "release/distribution/upload_journal.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxEntryBytes = uint64_t{64} << 10;
constexpr char kSchema[] = "pedigree.upload.v1";

}  // namespace

std::string UploadJournal::Path(std::string_view place,
                                const Digest& blob) const {
  const Digest key = Sha256(absl::StrCat(place, "@", blob.ToString()));
  return absl::StrCat(folder_, "/", key.Hex(), ".json");
}

std::optional<std::string> UploadJournal::Find(std::string_view place,
                                               const Digest& blob) const {
  if (folder_.empty()) return std::nullopt;
  const absl::StatusOr<std::string> text =
      ReadFile(Path(place, blob), kMaxEntryBytes);
  if (!text.ok()) return std::nullopt;
  const absl::StatusOr<Json> json = ParseJson(*text, "upload");
  if (!json.ok()) return std::nullopt;
  JsonObjectReader reader(*json, "upload");
  const std::string schema = reader.String("schema_version");
  const bool same = reader.String("place") == place &&
                    reader.String("digest") == blob.ToString();
  std::string location = reader.String("location");
  if (!reader.Finish().ok() || schema != kSchema || !same) return std::nullopt;
  return location;
}

void UploadJournal::Record(std::string_view place, const Digest& blob,
                           std::string_view location) const {
  if (folder_.empty() || !IsValidUtf8(location)) return;
  std::error_code error;
  fs::create_directories(folder_, error);
  fs::permissions(folder_, fs::perms::owner_all, error);
  if (error) return;
  WriteFileAtomically(Path(place, blob),
                      CanonicalJson({{"digest", blob.ToString()},
                                     {"location", std::string(location)},
                                     {"place", std::string(place)},
                                     {"schema_version", kSchema}}))
      .IgnoreError();
}

void UploadJournal::Forget(std::string_view place, const Digest& blob) const {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove(Path(place, blob), ignored);
}

std::string DefaultJournalFolder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != 0) {
    return absl::StrCat(state, "/pedigree/uploads");
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == 0) return "";
  return absl::StrCat(home, "/.local/state/pedigree/uploads");
}

}  // namespace pedigree
