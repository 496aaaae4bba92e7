#include "packager/checkpoints/hf_files.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "packager/checkpoints/hf_checkpoint.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr char kIndex[] = "model.safetensors.index.json";
constexpr char kSingleFile[] = "model.safetensors";

// Paths by file name, sorted.
using Files = std::map<std::string, std::string>;

absl::StatusOr<Files> List(const std::vector<std::string>& sources) {
  Files files;
  std::error_code error;
  if (sources.size() == 1 && fs::is_directory(sources[0], error)) {
    fs::directory_iterator entry(sources[0], error);
    for (; !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      files[entry->path().filename().string()] = entry->path().string();
    }
    if (error) {
      return absl::NotFoundError(
          absl::StrCat("Cannot list ", sources[0], ": ", error.message()));
    }
    return files;
  }
  for (const std::string& source : sources) {
    const std::string name = fs::path(source).filename().string();
    if (!files.emplace(name, source).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid checkpoint: ", source, " and ", files[name],
          " have the same name"));
    }
  }
  return files;
}

absl::Status Missing(const std::string& name,
                     const std::vector<std::string>& sources) {
  return absl::NotFoundError(absl::StrCat(
      "Missing input: no ", name, sources.size() == 1 ? " in " : " beside ",
      sources[0]));
}

// Adds `name` under `role` if it is there.
bool Add(const Files& files, const char* name, const char* role,
         std::vector<CheckpointFile>& found) {
  const auto file = files.find(name);
  if (file == files.end()) return false;
  found.push_back({role, file->second});
  return true;
}

absl::Status AddIndexed(const Files& files,
                        const std::vector<std::string>& sources,
                        std::vector<CheckpointFile>& found) {
  const std::string& index = files.at(kIndex);
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(index));
  const absl::StatusOr<std::vector<std::string>> names =
      IndexedFiles(AsText(file.bytes()));
  if (!names.ok()) return AnnotateWithPath(names.status(), index);
  found.push_back({"index", index});
  for (const std::string& name : *names) {
    if (!Add(files, name.c_str(), "weights", found)) {
      return Missing(name, sources);
    }
  }
  return absl::OkStatus();
}

absl::Status AddWeights(const Files& files,
                        const std::vector<std::string>& sources,
                        std::vector<CheckpointFile>& found) {
  if (Add(files, kSingleFile, "weights", found)) return absl::OkStatus();
  if (files.count(kIndex) > 0) return AddIndexed(files, sources, found);
  const size_t before = found.size();
  for (const auto& [name, path] : files) {
    if (!absl::EndsWith(name, ".safetensors")) continue;
    found.push_back({"weights", path});
  }
  return found.size() > before ? absl::OkStatus()
                               : Missing("*.safetensors", sources);
}

}  // namespace

absl::StatusOr<std::vector<CheckpointFile>> FindHfFiles(
    const std::vector<std::string>& sources, const std::string& tokenizer) {
  PEDIGREE_ASSIGN_OR_RETURN(const Files files, List(sources));
  std::vector<CheckpointFile> found;
  if (!Add(files, "config.json", "config", found)) {
    return Missing("config.json", sources);
  }
  Add(files, "generation_config.json", "generation_config", found);
  PEDIGREE_RETURN_IF_ERROR(AddWeights(files, sources, found));
  if (!tokenizer.empty()) {
    found.push_back({"tokenizer", tokenizer});
    return found;
  }
  if (!Add(files, "tokenizer.json", "tokenizer", found)) {
    return Missing("tokenizer.json", sources);
  }
  Add(files, "tokenizer_config.json", "tokenizer_config", found);
  return found;
}

}  // namespace pedigree
