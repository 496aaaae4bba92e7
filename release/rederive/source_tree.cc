#include "release/rederive/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

absl::Status ListError(const std::string& path, const std::error_code& error) {
  return absl::InvalidArgumentError(
      absl::StrCat("Cannot list ", path, ": ", error.message()));
}

// What building leaves behind and version control keeps, at the top alone.
bool IsLeftOut(const std::string& name, fs::file_type type) {
  return name == ".git" ||
         (type == fs::file_type::symlink && absl::StartsWith(name, "bazel-"));
}

class TreeWalk {
 public:
  explicit TreeWalk(const std::string& root) : root_(root) {}

  // `folder`: below the root, "" or ending with a slash.
  absl::Status Walk(const std::string& folder) {
    std::error_code error;
    for (fs::directory_iterator it(absl::StrCat(root_, "/", folder), error),
         end;
         !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      const fs::file_type type = it->symlink_status(error).type();
      if (error) break;
      if (folder.empty() && IsLeftOut(name, type)) continue;
      PEDIGREE_RETURN_IF_ERROR(Add(absl::StrCat(folder, name), type));
    }
    return error ? ListError(absl::StrCat(root_, "/", folder), error)
                 : absl::OkStatus();
  }

  SourceTree Finish() {
    std::sort(lines_.begin(), lines_.end());
    Sha256Stream stream;
    for (const auto& [path, line] : lines_) stream.Update(AsBytes(line));
    return {stream.Finish(), lines_.size()};
  }

 private:
  absl::Status Add(const std::string& path, fs::file_type type) {
    if (absl::StrContains(path, "\n")) {
      return absl::InvalidArgumentError(
          "Invalid source tree: a path with a line feed");
    }
    if (type == fs::file_type::directory) return Walk(path + "/");
    if (type == fs::file_type::symlink) return AddLink(path);
    const std::string whole = absl::StrCat(root_, "/", path);
    PEDIGREE_ASSIGN_OR_RETURN(const FileDigest file,
                              DigestFile(whole, Links::kRefuse));
    std::error_code error;
    const fs::perms perms = fs::status(whole, error).permissions();
    if (error) return ListError(whole, error);
    const bool executable = (perms & fs::perms::owner_exec) != fs::perms::none;
    AddLine(path, file.digest, executable ? 'x' : '-');
    return absl::OkStatus();
  }

  absl::Status AddLink(const std::string& path) {
    std::error_code error;
    const fs::path target =
        fs::read_symlink(absl::StrCat(root_, "/", path), error);
    if (error) return ListError(path, error);
    AddLine(path, Sha256(target.string()), 'l');
    return absl::OkStatus();
  }

  void AddLine(const std::string& path, const Digest& digest, char mode) {
    lines_.push_back(
        {path, absl::StrCat(digest.Hex(), " ", std::string(1, mode), " ", path,
                            "\n")});
  }

  const std::string& root_;
  std::vector<std::pair<std::string, std::string>> lines_;  // by path
};

}  // namespace

absl::StatusOr<SourceTree> DigestSourceTree(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    return absl::NotFoundError(absl::StrCat(folder, ": no such source folder"));
  }
  if (status.type() != fs::file_type::directory) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder, ": the source is not a folder"));
  }
  TreeWalk walk(folder);
  PEDIGREE_RETURN_IF_ERROR(walk.Walk(""));
  return walk.Finish();
}

}  // namespace pedigree
