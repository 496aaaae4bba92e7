#include "runtime/commands/inspect_command.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/command_line.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/inspect.h"

namespace pedigree {
namespace {

struct InspectOptions {
  std::string file;
  bool json = false;
  std::vector<Inspector> inspectors;
};

absl::StatusOr<Json> Inspect(const InspectOptions& options) {
  for (const Inspector& inspector : options.inspectors) {
    PEDIGREE_ASSIGN_OR_RETURN(std::optional<Json> json,
                              inspector(options.file));
    if (json.has_value()) return *std::move(json);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(options.file, ": unknown kind of file"));
}

absl::StatusOr<Outcome> RunInspect(const InspectOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, Inspect(options));
  const std::string text =
      options.json ? CanonicalJson(json) + "\n" : JsonAsText(json);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return Outcome::kGood;
}

}  // namespace

void AddInspectCommand(CommandLine& command_line,
                       std::vector<Inspector> inspectors) {
  inspectors.push_back(InspectRuntimeFile);
  const auto options = std::make_shared<InspectOptions>();
  options->inspectors = std::move(inspectors);
  CLI::App* command =
      command_line.Add(nullptr, "inspect", "Show what is in a file",
                       [options] { return RunInspect(*options); });
  command->add_option("FILE", options->file, "The file")->required();
  command->add_flag("--json", options->json, "Print canonical JSON");
}

}  // namespace pedigree
