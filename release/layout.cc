#include "release/layout.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "release/pending_directory.h"
#include "release/printable.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

// Names come from outside: not too much of them is shown.
std::string Shown(std::string_view name) { return Printable(name, 120); }

absl::Status WriteNewFile(const std::string& path, std::string_view contents) {
  std::FILE* file = std::fopen(path.c_str(), "wbx");
  const bool opened = file != nullptr;
  bool good = opened && std::fwrite(contents.data(), 1, contents.size(),
                                    file) == contents.size();
  good = (!opened || std::fclose(file) == 0) && good;
  if (good) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("Cannot write ", path));
}

absl::Status AddText(PendingDirectory& directory, const std::string& file_path,
                     std::string_view contents) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string path,
                            directory.PrepareFile(file_path));
  return WriteNewFile(path, contents);
}

absl::Status AddTextBlob(PendingDirectory& directory, std::string_view text) {
  return AddText(directory, absl::StrCat("blobs/sha256/", Sha256(text).Hex()),
                 text);
}

absl::Status AddBlob(PendingDirectory& directory, const BlobSource& blob) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string path,
      directory.PrepareFile(absl::StrCat("blobs/sha256/", blob.digest.Hex())));
  PEDIGREE_ASSIGN_OR_RETURN(const FileDigest copied,
                            CopyFile(blob.path, Links::kFollow, path));
  if (copied.digest == blob.digest) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("Corrupted blob ", blob.path, ": digest is ",
                   copied.digest.ToString(), " (expected ",
                   blob.digest.ToString(), ")"));
}

// One name in a folder of a layout.
struct Entry {
  std::string name;
  fs::file_type type = fs::file_type::none;
  uint64_t size = 0;
};

// The entries of a folder, sorted so that faults come in a fixed order.
absl::StatusOr<std::vector<Entry>> ListFolder(const std::string& path) {
  std::vector<Entry> entries;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    Entry entry;
    entry.name = it->path().filename().string();
    std::error_code entry_error;
    entry.type = it->symlink_status(entry_error).type();
    if (entry.type == fs::file_type::regular) {
      entry.size = it->file_size(entry_error);
    }
    entries.push_back(std::move(entry));
  }
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot list ", path, ": ", error.message()));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

// Checks one folder against the names it must have, and hands every other
// regular file to `other(entry)`, which says whether it may be there.
class FolderCheck {
 public:
  FolderCheck(const std::string& directory, std::string folder,
              std::vector<std::string>* faults)
      : path_(absl::StrCat(directory, "/", folder)),
        folder_(std::move(folder)),
        faults_(faults) {}

  template <typename Other>
  void Run(const std::vector<std::pair<std::string, fs::file_type>>& required,
           Other other) {
    absl::StatusOr<std::vector<Entry>> entries = ListFolder(path_);
    if (!entries.ok()) {
      faults_->push_back(absl::StrCat("Invalid layout: ", folder_,
                                      " cannot be listed"));
      return;
    }
    for (const auto& [name, type] : required) {
      CheckRequired(*entries, name, type);
    }
    for (const Entry& entry : *entries) {
      const bool known =
          std::any_of(required.begin(), required.end(),
                      [&](const auto& item) { return item.first == entry.name; });
      if (!known) CheckOther(entry, other);
    }
  }

 private:
  void CheckRequired(const std::vector<Entry>& entries, const std::string& name,
                     fs::file_type type) {
    const auto entry =
        std::find_if(entries.begin(), entries.end(),
                     [&](const Entry& item) { return item.name == name; });
    if (entry == entries.end()) {
      Fault("is missing", name);
    } else if (entry->type == fs::file_type::symlink) {
      Fault("is a symbolic link", name);
    } else if (entry->type != type) {
      Fault(type == fs::file_type::directory ? "is not a folder"
                                             : "is not a regular file",
            name);
    }
  }

  template <typename Other>
  void CheckOther(const Entry& entry, Other other) {
    if (entry.type == fs::file_type::symlink) {
      Fault("is a symbolic link", entry.name);
    } else if (entry.type == fs::file_type::directory) {
      Fault("is a folder that no packet has", entry.name);
    } else if (entry.type != fs::file_type::regular) {
      Fault("is not a regular file", entry.name);
    } else if (!other(entry)) {
      Fault("is a file that no packet has", entry.name);
    }
  }

  void Fault(std::string_view what, std::string_view name) {
    faults_->push_back(absl::StrCat("Invalid layout: ", folder_,
                                    folder_.empty() ? "" : "/", Shown(name),
                                    " ", what));
  }

  std::string path_;
  std::string folder_;
  std::vector<std::string>* faults_;
};

bool RefuseAll(const Entry&) { return false; }

}  // namespace

std::string BlobPath(const std::string& directory, const Digest& digest) {
  return absl::StrCat(directory, "/blobs/sha256/", digest.Hex());
}

absl::Status WriteLayout(std::string_view manifest,
                         const std::vector<std::string>& texts,
                         const std::vector<BlobSource>& blobs,
                         const std::string& out) {
  PEDIGREE_ASSIGN_OR_RETURN(PendingDirectory directory,
                            PendingDirectory::Create(out));
  Descriptor descriptor;
  descriptor.media_type = kManifestMediaType;
  descriptor.digest = Sha256(manifest);
  descriptor.size = manifest.size();
  PEDIGREE_RETURN_IF_ERROR(
      AddText(directory, "oci-layout", WriteOciLayoutMarker()));
  PEDIGREE_RETURN_IF_ERROR(
      AddText(directory, "index.json", WriteOciIndex(descriptor)));
  PEDIGREE_RETURN_IF_ERROR(AddTextBlob(directory, manifest));
  for (const std::string& text : texts) {
    PEDIGREE_RETURN_IF_ERROR(AddTextBlob(directory, text));
  }
  for (const BlobSource& blob : blobs) {
    PEDIGREE_RETURN_IF_ERROR(AddBlob(directory, blob));
  }
  return directory.Commit();
}

absl::StatusOr<LayoutListing> ListLayout(const std::string& directory,
                                         std::vector<std::string>* faults) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) {
    return absl::NotFoundError(absl::StrCat(directory, ": no such packet"));
  }
  if (status.type() != fs::file_type::directory) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory, ": not a folder (a packet is an OCI layout)"));
  }
  LayoutListing listing;
  FolderCheck(directory, "", faults)
      .Run({{"oci-layout", fs::file_type::regular},
            {"index.json", fs::file_type::regular},
            {"blobs", fs::file_type::directory}},
           RefuseAll);
  // A folder that is not there is named once.
  if (fs::symlink_status(directory + "/blobs", error).type() !=
      fs::file_type::directory) {
    return listing;
  }
  FolderCheck(directory, "blobs", faults)
      .Run({{"sha256", fs::file_type::directory}}, RefuseAll);
  if (fs::symlink_status(directory + "/blobs/sha256", error).type() !=
      fs::file_type::directory) {
    return listing;
  }
  FolderCheck(directory, "blobs/sha256", faults)
      .Run({}, [&](const Entry& entry) {
        absl::StatusOr<Digest> digest =
            ParseDigest(absl::StrCat("sha256:", entry.name));
        if (!digest.ok()) return false;
        listing.blobs[*digest] = entry.size;
        return true;
      });
  return listing;
}

}  // namespace pedigree
