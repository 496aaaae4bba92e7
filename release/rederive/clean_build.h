// Bazel runs on a source folder, by the source's own launcher, in a place where
// nothing was built before.

#ifndef PEDIGREE_RELEASE_REDERIVE_CLEAN_BUILD_H_
#define PEDIGREE_RELEASE_REDERIVE_CLEAN_BUILD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pedigree {

struct CleanBuildOptions {
  // Absolute; holds the program `bazelw`.
  std::string source;
  // Folder for the new folder in which everything is built; must exist.
  std::string scratch;
  // Flags of every command besides those that keep the place clean.
  std::vector<std::string> flags;
};

// What one command printed, and how it ended.
struct CommandResult {
  int exit_code = 0;
  std::string out;
  std::string log;
};

// Makes its own folder and removes it, and the server that it started, on
// destruction.
class CleanBuild {
 public:
  // Errors: kInvalidArgument when the folder cannot be made.
  static absl::StatusOr<CleanBuild> Create(const CleanBuildOptions& options);

  CleanBuild(CleanBuild&& other) noexcept;
  CleanBuild& operator=(CleanBuild&&) = delete;
  ~CleanBuild();

  // Runs `bazelw COMMAND FLAGS ARGUMENTS`. Of what is printed at most 64 MiB on
  // stdout and the last 1 MiB of the log are kept.
  //
  // Errors: those of RunSubprocess and of reading what was printed.
  absl::StatusOr<CommandResult> Run(std::string_view command,
                                    const std::vector<std::string>& arguments);

  // The folder below which Bazel works.
  std::string output_base() const;
  const std::string& folder() const { return folder_; }

 private:
  CleanBuild(CleanBuildOptions options, std::string folder);

  std::vector<std::string> Launcher() const;

  CleanBuildOptions options_;
  std::string folder_;
  bool started_ = false;
};

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REDERIVE_CLEAN_BUILD_H_
