#include "packager/training_commands.h"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "packager/command_inputs.h"
#include "packager/kept_result.h"
#include "packager/output_files.h"
#include "packager/package.h"
#include "packager/training/train.h"
#include "packager/training/training_config.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/engine_options.h"
#include "runtime/engine/engine_config.h"
#include "runtime/kernels/kernels.h"

namespace pedigree {
namespace {

using Clock = std::chrono::steady_clock;

struct TrainOptions {
  PackageOptions package;
  EngineOptions engine;
  std::string config;
  std::vector<std::string> data;
  std::vector<std::string> validation;
  // Of a model.
  std::string tokenizer;
  std::string family;
  // Of an adapter.
  std::string parent;
  std::string kept;
  bool progress = false;
};

// "1h 02m", "2m 03s" or "3s".
std::string DurationText(uint64_t seconds) {
  char text[40];
  if (seconds >= 3600) {
    std::snprintf(text, sizeof(text), "%uh %02um",
                  static_cast<unsigned>(seconds / 3600),
                  static_cast<unsigned>(seconds / 60 % 60));
  } else if (seconds >= 60) {
    std::snprintf(text, sizeof(text), "%um %02us",
                  static_cast<unsigned>(seconds / 60),
                  static_cast<unsigned>(seconds % 60));
  } else {
    std::snprintf(text, sizeof(text), "%us", static_cast<unsigned>(seconds));
  }
  return text;
}

// Tells loss and time left on stderr, at most once a second: on a terminal on
// one line, else a line each.
class ProgressLine {
 public:
  ProgressLine() : terminal_(isatty(STDERR_FILENO) != 0) {}

  void Show(const TrainingProgress& progress) {
    const Clock::time_point now = Clock::now();
    const bool last = progress.step == progress.steps;
    if (!last && now - shown_ < std::chrono::seconds(1)) return;
    shown_ = now;
    const double seconds =
        std::chrono::duration<double>(now - start_).count();
    const double left = seconds / progress.step *
                        static_cast<double>(progress.steps - progress.step);
    std::fprintf(stderr,
                 "%sstep %u of %u: loss %.4f, %.0f tokens/s, %s left%s",
                 terminal_ ? "\r" : "", progress.step, progress.steps,
                 progress.loss, static_cast<double>(progress.tokens) / seconds,
                 DurationText(static_cast<uint64_t>(left)).c_str(),
                 terminal_ && !last ? "    " : "\n");
  }

 private:
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
};

absl::StatusOr<TrainingRun> MakeRun(const TrainOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const EngineConfig engine,
                            MakeEngineConfig(options.engine));
  TrainingRun run;
  run.threads = static_cast<int>(engine.threads);
  run.target = engine.kernels->target;
  if (!options.progress && isatty(STDERR_FILENO) == 0) return run;
  const auto line = std::make_shared<ProgressLine>();
  run.report = [line](const TrainingProgress& progress) {
    line->Show(progress);
  };
  return run;
}

absl::Status AddData(const TrainOptions& options, MappedInputs& inputs) {
  for (const std::string& path : options.data) {
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("data", path));
  }
  for (const std::string& path : options.validation) {
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("validation", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<PackageRequest> MakeTrainRequest(std::string operator_name,
                                                const TrainOptions& options,
                                                const MappedInputs& inputs) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.config));
  PEDIGREE_ASSIGN_OR_RETURN(
      PackageRequest request,
      MakeRequest(std::move(operator_name), options.package, inputs));
  absl::StatusOr<packager::TrainingConfig> config =
      ReadTrainingConfigText(text);
  if (!config.ok()) return AnnotateWithPath(config.status(), options.config);
  *request.config.mutable_training() = *std::move(config);
  PEDIGREE_ASSIGN_OR_RETURN(request.training_run, MakeRun(options));
  if (!options.kept.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(request.kept, ReadKeptResult(options.kept));
  }
  return request;
}

absl::StatusOr<Outcome> TrainModelFiles(const TrainOptions& options) {
  MappedInputs inputs;
  if (!options.tokenizer.empty()) {
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("tokenizer", options.tokenizer));
  }
  PEDIGREE_RETURN_IF_ERROR(AddData(options, inputs));
  PEDIGREE_ASSIGN_OR_RETURN(PackageRequest request,
                            MakeTrainRequest("train", options, inputs));
  request.base_family =
      options.family.empty() ? request.info.name : options.family;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageModel(std::move(request)));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

absl::StatusOr<Outcome> TrainAdapterFiles(const TrainOptions& options) {
  MappedInputs inputs;
  PEDIGREE_RETURN_IF_ERROR(inputs.Add("model", options.parent));
  PEDIGREE_RETURN_IF_ERROR(AddData(options, inputs));
  PEDIGREE_ASSIGN_OR_RETURN(
      PackageRequest request,
      MakeTrainRequest("adapter-train", options, inputs));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageAdapter(std::move(request)));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

void AddTrainOptions(CLI::App* command, TrainOptions* options) {
  command->add_option("config", options->config,
                      "TrainingConfig in the text format (docs/training.md)")
      ->required();
  command
      ->add_option("--data", options->data,
                   "Texts to learn, JSON Lines: {\"prompt\", \"answer\"} or "
                   "{\"text\"}; may be repeated")
      ->required();
  command->add_option("--validation", options->validation,
                      "Texts whose loss the receipt's curve shows; may be "
                      "repeated");
  command->add_option("--kept", options->kept,
                      "What this made earlier, taken instead of training: "
                      "FILE, where FILE.receipt.json is the receipt of this "
                      "config and these inputs");
  command->add_flag("--progress", options->progress,
                    "Tell loss and time left on stderr, once a second, where "
                    "that is no terminal either");
  command->add_option("--threads", options->engine.threads,
                      "Threads, 1..256; by default one a core");
  command
      ->add_option("--target", options->engine.target,
                   "Kernels, as of generate; by default the best")
      ->envname("PEDIGREE_TARGET");
  AddPackageOptions(command, &options->package);
}

struct TokenizerOptions {
  std::string out;
  std::vector<std::string> data;
  uint32_t vocab_size = 0;
  std::string pre_split = "none";
};

absl::StatusOr<Outcome> TrainTokenizerFile(const TokenizerOptions& options) {
  MappedInputs inputs;
  for (const std::string& path : options.data) {
    PEDIGREE_RETURN_IF_ERROR(inputs.Add("data", path));
  }
  PackageRequest request;
  request.operator_name = "tokenizer-train";
  packager::TokenizerTraining& config =
      *request.config.mutable_tokenizer_training();
  config.set_vocab_size(options.vocab_size);
  config.set_pre_split(options.pre_split);
  request.inputs = inputs.inputs();
  request.out = options.out;
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<OutputFile> files,
                            PackageTokenizer(request));
  PEDIGREE_RETURN_IF_ERROR(WriteOutputFiles(files));
  return Outcome::kGood;
}

void AddTokenizerTrain(CommandLine& command_line) {
  CLI::App* group =
      command_line.Add(nullptr, "tokenizer", "Make tokenizers", nullptr);
  auto options = std::make_shared<TokenizerOptions>();
  CLI::App* command = command_line.Add(
      group, "train", "Learn a byte-level BPE tokenizer from texts",
      [options] { return TrainTokenizerFile(*options); });
  command
      ->add_option("--data", options->data,
                   "Texts, as for train; may be repeated")
      ->required();
  command
      ->add_option("--vocab-size", options->vocab_size,
                   "Tokens, 260 of them bytes and roles")
      ->required();
  command->add_option("--pre-split", options->pre_split,
                      "Words that nothing merges across: none, gpt2, llama3, "
                      "qwen2 or digits; default: none");
  command->add_option("--out", options->out, "File to write")->required();
}

}  // namespace

void AddTrainingCommands(CommandLine& command_line) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command =
      command_line.Add(nullptr, "train", "Train a model from scratch",
                       [options] { return TrainModelFiles(*options); });
  AddTrainOptions(command, options.get());
  command->add_option("--tokenizer", options->tokenizer,
                      "Tokenizer section (tokenizer train); default: bytes");
  command->add_option("--family", options->family,
                      "Family of the models derived from this one; default: "
                      "its name");
  AddTokenizerTrain(command_line);
}

void AddAdapterTrain(CommandLine& command_line, CLI::App* group) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = command_line.Add(
      group, "train", "Train low-rank factors beside a frozen model",
      [options] { return TrainAdapterFiles(*options); });
  AddTrainOptions(command, options.get());
  command->add_option("--parent", options->parent, "Parent model, in f32")
      ->required();
}

}  // namespace pedigree
