#include "release/rederive/source_state.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "release/file_stream.h"
#include "release/printable.h"
#include "release/rederive/subprocess.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxLockBytes = uint64_t{1} << 20;
constexpr uint64_t kMaxListBytes = uint64_t{64} << 20;
// More would help nobody.
constexpr size_t kMaxNotes = 50;

// Trees of the source's locks, by the folder of the lock.
std::map<std::string, std::string> ReadLocks(const std::string& source) {
  std::map<std::string, std::string> trees;
  std::error_code error;
  for (fs::directory_iterator it(source + "/third_party", error), end;
       !error && it != end; it.increment(error)) {
    const absl::StatusOr<std::string> lock = ReadSmallFile(
        (it->path() / "archives.lock").string(), Links::kRefuse, kMaxLockBytes);
    if (!lock.ok()) continue;
    std::string& tree = trees[it->path().filename().string()];
    for (std::string_view line : absl::StrSplit(*lock, '\n')) {
      if (!absl::ConsumePrefix(&line, "tree ")) continue;
      tree = std::string(absl::StripAsciiWhitespace(line));
    }
  }
  return trees;
}

bool HasTree(const std::map<std::string, std::string>& locks,
             const std::string& tree) {
  return std::any_of(locks.begin(), locks.end(),
                     [&](const auto& lock) { return lock.second == tree; });
}

// What `git` prints on `arguments`, cut at zero bytes.
absl::StatusOr<std::vector<std::string>> AskGit(
    const std::string& source, const std::string& scratch,
    const std::vector<std::string>& arguments) {
  const std::string out = scratch + "/git";
  const std::string log = scratch + "/git.log";
  std::error_code ignored;
  fs::remove(out, ignored);
  fs::remove(log, ignored);
  Subprocess process = {{"git"}, source, out, log};
  process.command.insert(process.command.end(), arguments.begin(),
                         arguments.end());
  PEDIGREE_ASSIGN_OR_RETURN(const int exit_code, RunSubprocess(process));
  if (exit_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("git ", arguments[0], " ends with ", exit_code));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(out, Links::kRefuse, kMaxListBytes));
  return std::vector<std::string>(
      absl::StrSplit(text, '\0', absl::SkipEmpty()));
}

absl::StatusOr<std::vector<std::string>> PathsThatDiffer(
    const std::string& source, const std::string& commit,
    const std::string& scratch) {
  PEDIGREE_ASSIGN_OR_RETURN(
      std::vector<std::string> paths,
      AskGit(source, scratch, {"diff", "--name-only", "-z", commit, "--"}));
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::vector<std::string> untracked,
      AskGit(source, scratch,
             {"ls-files", "-z", "--others", "--exclude-standard"}));
  paths.insert(paths.end(), untracked.begin(), untracked.end());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::vector<std::string> ComparePins(const release::ReleaseRecord& record,
                                     const std::string& source) {
  std::vector<std::string> notes;
  const std::map<std::string, std::string> locks = ReadLocks(source);
  if (locks.empty()) return notes;
  for (const release::ToolchainPin& pin : record.toolchain_pins()) {
    if (HasTree(locks, pin.tree_digest())) continue;
    const auto lock = locks.find(pin.name());
    const std::string expected =
        absl::StrCat(" (expected ", Printable(pin.version()), ", ",
                     Printable(pin.tree_digest()), ")");
    const std::string name = Printable(pin.name());
    notes.push_back(
        lock == locks.end()
            ? absl::StrCat("toolchain pin ", name, " is in no lock", expected)
            : absl::StrCat(
                  "toolchain pin ", name, " is ",
                  lock->second.empty() ? "not locked" : Printable(lock->second),
                  expected, ", third_party/", name, "/archives.lock"));
  }
  return notes;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadSources(
    std::string_view actions) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json,
                            ParseForeignJson(actions, "list of actions"));
  std::vector<std::pair<std::string, std::string>> sources;
  bool found = false;
  const Json list = json.is_object() ? json.value("actions", Json()) : Json();
  for (const Json& action : list) {
    const Json arguments =
        action.is_object() ? action.value("arguments", Json()) : Json();
    for (const Json& argument : arguments) {
      if (!argument.is_string()) continue;
      found = true;
      const std::string text = argument.get<std::string>();
      std::string_view rest = text;
      if (!absl::ConsumePrefix(&rest, "--source=")) continue;
      const std::pair<std::string, std::string> source =
          absl::StrSplit(rest, absl::MaxSplits('=', 1));
      sources.push_back(source);
    }
  }
  if (found) return sources;
  return absl::NotFoundError("no action of the target makes a packet");
}

std::vector<std::string> CompareCommit(const std::string& source,
                                       const std::string& commit,
                                       const std::string& scratch) {
  const auto paths = PathsThatDiffer(source, commit, scratch);
  if (!paths.ok()) {
    return {absl::StrCat("cannot be compared with commit ", Printable(commit),
                         ": ", Printable(paths.status().message()))};
  }
  std::vector<std::string> notes;
  for (const std::string& path : *paths) {
    if (notes.size() == kMaxNotes) {
      notes.push_back(
          absl::StrCat("and ", paths->size() - kMaxNotes, " paths more"));
      break;
    }
    notes.push_back(absl::StrCat(Printable(path), " (commit ",
                                 Printable(commit.substr(0, 12)), ")"));
  }
  return notes;
}

}  // namespace pedigree
