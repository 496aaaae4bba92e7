#include "runtime/base/command_line.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

constexpr int kInputError = 2;

// One line on stderr, whatever the message holds.
void PrintError(const std::string& program, std::string message) {
  std::replace_if(
      message.begin(), message.end(), absl::ascii_iscntrl, ' ');
  std::fprintf(stderr, "%s: %s\n", program.c_str(), message.c_str());
}

// An option that may be repeated takes one value each time: it never swallows
// an argument that stands behind it.
void TakeOneValueEach(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->nonpositional()) option->allow_extra_args(false);
  }
  for (CLI::App* command : app.get_subcommands({})) TakeOneValueEach(*command);
}

}  // namespace

CommandLine::CommandLine(std::string name, std::string description)
    : app_(std::move(description), std::move(name)) {
  app_.require_subcommand(1);
  app_.get_formatter()->column_width(34);
}

CLI::App* CommandLine::Add(CLI::App* parent, const std::string& name,
                           const std::string& description, CommandBody body) {
  CLI::App* command = (parent == nullptr ? &app_ : parent)
                          ->add_subcommand(name, description);
  if (body == nullptr) {
    command->require_subcommand(1);
  } else {
    command->callback(
        [this, body = std::move(body)] { body_ = body; });
  }
  return command;
}

int CommandLine::Run(int argc, char** argv) {
  TakeOneValueEach(app_);
  // Names and notes end up in records, which are UTF-8.
  for (int i = 1; i < argc; ++i) {
    if (IsValidUtf8(argv[i])) continue;
    PrintError(app_.get_name(), absl::StrCat("Argument ", i, " is not UTF-8: '",
                                             absl::CHexEscape(argv[i]), "'"));
    return kInputError;
  }
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app_.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app_.exit(help);
  } catch (const CLI::ParseError& error) {
    PrintError(app_.get_name(), std::string(error.what()) + " (see --help)");
    return kInputError;
  }
  const absl::StatusOr<Outcome> outcome = body_();
  if (!outcome.ok()) {
    PrintError(app_.get_name(), std::string(outcome.status().message()));
    return kInputError;
  }
  // A full disk behind a redirected stdout must not look like success.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    PrintError(app_.get_name(), "Cannot write to standard output");
    return kInputError;
  }
  return static_cast<int>(*outcome);
}

}  // namespace pedigree
