// The shape of every command of this project: subcommands, and three exit
// codes. Native only.
//
//   0  done, or the verdict is good
//   1  it ran, and the verdict is bad
//   2  bad usage or bad input: one line on stderr says what, where and both
//      values

#ifndef PEDIGREE_RUNTIME_BASE_COMMAND_LINE_H_
#define PEDIGREE_RUNTIME_BASE_COMMAND_LINE_H_

#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

namespace pedigree {

// What a subcommand ends with when nothing was wrong with its input.
enum class Outcome { kGood = 0, kBad = 1 };

// Does the work of one subcommand, after its options were parsed.
using CommandBody = std::function<absl::StatusOr<Outcome>()>;

// A command-line program made of subcommands. Stages add theirs to it.
class CommandLine {
 public:
  // `description` opens the help text.
  CommandLine(std::string name, std::string description);

  // Adds `name` below `parent` (the program itself when null). The caller adds
  // options and positionals to the result. With a null `body` the command only
  // groups its own subcommands, of which one must be given.
  CLI::App* Add(CLI::App* parent, const std::string& name,
                const std::string& description, CommandBody body);

  // Parses and runs; returns the exit code.
  int Run(int argc, char** argv);

 private:
  CLI::App app_;
  CommandBody body_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_COMMAND_LINE_H_
