#include "release/rederive/clean_build.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "release/rederive/subprocess.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxOutBytes = uint64_t{64} << 20;
constexpr std::streamoff kMaxLogBytes = std::streamoff{1} << 20;

// The end of a file.
std::string ReadTail(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? std::streamoff{file.tellg()} : 0;
  std::string tail(std::min(size, kMaxLogBytes), '\0');
  file.seekg(size - static_cast<std::streamoff>(tail.size()));
  file.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  return tail;
}

// Bazel leaves folders that nobody may write to.
void RemoveAll(const std::string& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end;
       !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == fs::file_type::directory) {
      fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add,
                      ignored);
    }
  }
  fs::remove_all(folder, error);
}

}  // namespace

absl::StatusOr<CleanBuild> CleanBuild::Create(
    const CleanBuildOptions& options) {
  std::string folder = absl::StrCat(options.scratch, "/rederive.XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    const std::string why = std::generic_category().message(errno);
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot make a folder in ", options.scratch, ": ", why));
  }
  return CleanBuild(options, std::move(folder));
}

CleanBuild::CleanBuild(CleanBuildOptions options, std::string folder)
    : options_(std::move(options)), folder_(std::move(folder)) {}

CleanBuild::CleanBuild(CleanBuild&& other) noexcept
    : options_(std::move(other.options_)),
      folder_(std::exchange(other.folder_, "")),
      started_(std::exchange(other.started_, false)) {}

CleanBuild::~CleanBuild() {
  if (folder_.empty()) return;
  if (started_) {
    std::vector<std::string> command = Launcher();
    command.push_back("shutdown");
    RunSubprocess({command, options_.source, folder_ + "/shutdown",
                   folder_ + "/shutdown"})
        .IgnoreError();
  }
  RemoveAll(folder_);
}

std::string CleanBuild::output_base() const {
  return absl::StrCat(folder_, "/output");
}

std::vector<std::string> CleanBuild::Launcher() const {
  // Without the settings of machine and user.
  return {absl::StrCat(options_.source, "/bazelw"), "--nosystem_rc",
          "--nohome_rc", absl::StrCat("--output_user_root=", folder_, "/user"),
          absl::StrCat("--output_base=", output_base())};
}

absl::StatusOr<CommandResult> CleanBuild::Run(
    std::string_view command, const std::vector<std::string>& arguments) {
  const std::string out_path = absl::StrCat(folder_, "/out");
  const std::string log_path = absl::StrCat(folder_, "/log");
  std::error_code ignored;
  fs::remove(out_path, ignored);
  fs::remove(log_path, ignored);
  Subprocess process = {Launcher(), options_.source, out_path, log_path};
  process.command.emplace_back(command);
  const auto append = [&process](const std::vector<std::string>& more) {
    process.command.insert(process.command.end(), more.begin(), more.end());
  };
  append(options_.flags);
  append(arguments);
  started_ = true;
  CommandResult result;
  PEDIGREE_ASSIGN_OR_RETURN(result.exit_code, RunSubprocess(process));
  result.log = ReadTail(log_path);
  PEDIGREE_ASSIGN_OR_RETURN(
      result.out, ReadSmallFile(out_path, Links::kRefuse, kMaxOutBytes));
  return result;
}

}  // namespace pedigree
