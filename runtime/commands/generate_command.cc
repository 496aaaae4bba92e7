#include "runtime/commands/generate_command.h"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/assembly_files.h"
#include "runtime/exports/runtime.h"
#include "runtime/generation/sampler.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

struct GenerateOptions {
  AssemblyOptions assembly;
  std::string prompt;
  uint32_t max_new_tokens = 0;
  bool echo = false;
  SamplingConfig sampling;
  std::string diagnostics;
};

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Prints bytes as text, holding back a sequence that is not complete yet.
class TextPrinter {
 public:
  void Append(std::string_view bytes) {
    pending_ += bytes;
    const size_t complete = CompleteUtf8Prefix(pending_);
    Print(ReplaceInvalidUtf8(std::string_view(pending_).substr(0, complete)));
    pending_.erase(0, complete);
  }
  void Finish() {
    Print(ReplaceInvalidUtf8(pending_));
    if (isatty(fileno(stdout)) != 0) Print("\n");
  }

 private:
  std::string pending_;
};

absl::StatusOr<Outcome> RunGenerate(const GenerateOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(LoadedAssembly assembly,
                            LoadedAssembly::Open(options.assembly));
  Runtime& runtime = assembly.runtime();
  PEDIGREE_RETURN_IF_ERROR(runtime.SetSampling(options.sampling));
  TextPrinter printer;
  if (options.echo) printer.Append(options.prompt);
  PEDIGREE_RETURN_IF_ERROR(
      runtime
          .Generate(options.prompt, options.max_new_tokens,
                    [&printer](std::string_view bytes) {
                      printer.Append(bytes);
                      return true;
                    })
          .status());
  printer.Finish();
  if (!options.diagnostics.empty()) {
    PEDIGREE_RETURN_IF_ERROR(
        WriteFileAtomically(options.diagnostics, runtime.Diagnostics()));
  }
  return Outcome::kGood;
}

}  // namespace

void AddGenerateCommand(CommandLine& command_line,
                        SiblingFinder find_siblings) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App* command =
      command_line.Add(nullptr, "generate", "Generate text from a prompt",
                       [options] { return RunGenerate(*options); });
  AddAssemblyOptions(*command, std::move(find_siblings), options->assembly);
  command->add_option("--prompt", options->prompt, "Text to go on from")
      ->required();
  command
      ->add_option("--max-new-tokens", options->max_new_tokens,
                   "Most tokens to generate")
      ->required();
  command->add_flag("--echo", options->echo, "Print the prompt first");
  SamplingConfig& sampling = options->sampling;
  command
      ->add_option("--temperature", sampling.temperature,
                   "0 takes the likeliest token")
      ->capture_default_str();
  command->add_option("--top-k", sampling.top_k, "Candidates kept, 1..1024")
      ->capture_default_str();
  command
      ->add_option("--top-p", sampling.top_p,
                   "Share of the candidates' mass kept, above 0, at most 1")
      ->capture_default_str();
  command->add_option("--seed", sampling.seed, "Start of the random numbers")
      ->capture_default_str();
  command
      ->add_option("--diagnostics", options->diagnostics,
                   "Write the diagnostics document there")
      ->type_name("FILE");
}

}  // namespace pedigree
