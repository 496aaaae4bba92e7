#include "runtime/commands/compare_command.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/engine_options.h"
#include "runtime/engine/engine_config.h"
#include "runtime/evaluation/divergence.h"
#include "runtime/evaluation/text_windows.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/forward_pass.h"
#include "runtime/model/kv_cache.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/packed_weights.h"
#include "runtime/model/transformer.h"
#include "runtime/threads/thread_pool.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

struct CompareOptions {
  std::string parent;
  std::string child;
  std::string text;
  EngineOptions engine;
  // 0: all that the text has.
  uint64_t positions = 0;
  // 0: kDefaultContext, or max_context where that is less.
  uint32_t context = 0;
  bool json = false;
};

constexpr uint32_t kDefaultContext = 512;
constexpr uint64_t kMaxTextBytes = uint64_t{1} << 26;

// A model that gives the logits behind every token.
class Predictor {
 public:
  static absl::StatusOr<std::unique_ptr<Predictor>> Load(
      const std::string& path);

  // Takes what running windows of `context` tokens needs. `pool` and `kernels`
  // must outlive the predictor.
  absl::Status Prepare(uint32_t context, bool repack, ThreadPool* pool,
                       const Kernels* kernels);

  // Runs at most batch_tokens() tokens from `position` on, behind those that
  // were run before it.
  absl::Status Run(absl::Span<const uint32_t> tokens, uint32_t position);

  // Of the i-th token of the last run, shape [vocab_size].
  absl::Span<const float> logits(size_t i) const {
    return transformer_->logits(i);
  }
  uint32_t batch_tokens() const { return transformer_->batch_tokens(); }
  const Model& model() const { return *model_; }

 private:
  Predictor(std::string path, MappedFile file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  MappedFile file_;
  std::unique_ptr<const Model> model_;
  std::optional<PackedWeights> packed_;
  std::optional<Transformer> transformer_;
  std::optional<KvCache> cache_;
};

absl::StatusOr<std::unique_ptr<Predictor>> Predictor::Load(
    const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  std::unique_ptr<Predictor> predictor(new Predictor(path, std::move(file)));
  absl::StatusOr<std::unique_ptr<const Model>> model =
      Model::Load(predictor->file_.bytes());
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(model.status(), path));
  predictor->model_ = *std::move(model);
  return predictor;
}

absl::Status Predictor::Prepare(uint32_t context, bool repack,
                                ThreadPool* pool, const Kernels* kernels) {
  MemoryOptions memory;
  memory.threads = static_cast<uint32_t>(pool->size());
  memory.logits_rows = memory.batch_tokens;
  memory.context_tokens = context;
  absl::StatusOr<Transformer> transformer =
      Transformer::Create(model_->shape(), memory, pool, kernels);
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(transformer.status(), path_));
  transformer_ = *std::move(transformer);
  PEDIGREE_ASSIGN_OR_RETURN(cache_,
                            KvCache::Create(model_->shape(), context));
  if (repack) {
    PEDIGREE_ASSIGN_OR_RETURN(packed_,
                              PackedWeights::Pack(model_->weights(), pool));
  }
  return absl::OkStatus();
}

absl::Status Predictor::Run(absl::Span<const uint32_t> tokens,
                            uint32_t position) {
  std::vector<BatchToken> batch;
  for (uint32_t token : tokens) {
    batch.push_back({&*cache_, token, position++, true});
  }
  return AnnotateWithPath(
      transformer_->Forward(
          packed_.has_value() ? packed_->weights() : model_->weights(), batch),
      path_);
}

absl::Status CheckSameTokens(const CompareOptions& options,
                             const Model& parent, const Model& child) {
  const uint64_t of_parent = parent.reader().tokenizer_checksum();
  const uint64_t of_child = child.reader().tokenizer_checksum();
  if (of_parent == of_child) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "Models have not the same tokens: tokenizer checksum %#018x (%s), "
      "%#018x (%s)",
      of_parent, options.parent, of_child, options.child));
}

// Fills in the context length, or refuses the one asked for.
absl::Status ChooseContext(const Model& parent, const Model& child,
                           CompareOptions& options) {
  const uint32_t most =
      std::min(parent.shape().max_context, child.shape().max_context);
  if (options.context == 0) {
    options.context = std::min(most, kDefaultContext);
  }
  if (options.context <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid --context: ", options.context,
                   " (the models have max_context ", most, ")"));
}

absl::StatusOr<std::vector<uint32_t>> ReadTokens(const std::string& path,
                                                 const Tokenizer& tokenizer) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(path, kMaxTextBytes));
  absl::StatusOr<std::vector<uint32_t>> ids = tokenizer.EncodePrompt(text);
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(ids.status(), path));
  // What has no likelihood can't be predicted: UNK.
  for (size_t i = 0; i < ids->size(); ++i) {
    if (tokenizer.excluded()[(*ids)[i]]) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": Invalid text: token ", i, " has id ",
                       (*ids)[i], ", which takes no part in softmax"));
    }
  }
  return ids;
}

// Fills in the number of positions, or refuses the one asked for.
absl::Status ChoosePositions(absl::Span<const uint32_t> ids,
                             CompareOptions& options) {
  const uint64_t most = CountPositions(ids);
  if (most == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.text, ": Invalid text: ", ids.size(),
                     " tokens (expected 2 or more)"));
  }
  if (options.positions == 0) options.positions = most;
  if (options.positions <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid --positions: ", options.positions, " (",
                   options.text, " has ", most, ")"));
}

absl::Status CompareWindow(const TextWindow& window, Predictor& parent,
                           Predictor& child, DivergenceMeter& meter) {
  const absl::Span<const uint32_t> inputs = window.inputs;
  for (size_t begin = 0; begin < inputs.size();
       begin += parent.batch_tokens()) {
    const auto tokens = inputs.subspan(begin, parent.batch_tokens());
    const auto position = static_cast<uint32_t>(begin);
    PEDIGREE_RETURN_IF_ERROR(parent.Run(tokens, position));
    PEDIGREE_RETURN_IF_ERROR(child.Run(tokens, position));
    for (size_t i = 0; i < tokens.size(); ++i) {
      meter.Add(parent.logits(i), child.logits(i), window.targets[begin + i]);
    }
  }
  return absl::OkStatus();
}

// Names the windows: SHA-256 of all inputs in order, u32 little-endian.
Digest InputsDigest(const std::vector<TextWindow>& windows) {
  std::string bytes;
  for (const TextWindow& window : windows) {
    for (uint32_t id : window.inputs) {
      for (int shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<char>(id >> shift));
      }
    }
  }
  return Sha256(bytes);
}

Json Report(const CompareOptions& options, const Predictor& parent,
            const Predictor& child, const Digest& inputs,
            const Divergence& divergence) {
  const auto number = [](double value) {
    return absl::StrFormat("%.6g", value);
  };
  return {
      {"parent_digest", parent.model().digest().ToString()},
      {"child_digest", child.model().digest().ToString()},
      {"inputs_digest", inputs.ToString()},
      {"positions", divergence.positions},
      {"context", options.context},
      {"mean_kl", number(divergence.mean_kl)},
      {"kl_99th_percentile", number(divergence.kl_99th_percentile)},
      {"max_kl", number(divergence.max_kl)},
      {"top_1_agreement",
       number(static_cast<double>(divergence.same_top_token) /
              static_cast<double>(divergence.positions))},
      {"max_logit_difference", number(divergence.max_logit_difference)},
      {"parent_perplexity", number(divergence.parent_perplexity)},
      {"child_perplexity", number(divergence.child_perplexity)},
  };
}

absl::StatusOr<Outcome> RunCompare(CompareOptions options) {
  PEDIGREE_ASSIGN_OR_RETURN(const EngineConfig engine,
                            MakeEngineConfig(options.engine));
  ThreadPool pool(engine.threads);
  const Kernels& kernels = *engine.kernels;
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> parent,
                            Predictor::Load(options.parent));
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<Predictor> child,
                            Predictor::Load(options.child));
  PEDIGREE_RETURN_IF_ERROR(
      CheckSameTokens(options, parent->model(), child->model()));
  PEDIGREE_RETURN_IF_ERROR(
      ChooseContext(parent->model(), child->model(), options));
  const Tokenizer& tokenizer = parent->model().tokenizer();
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids,
                            ReadTokens(options.text, tokenizer));
  PEDIGREE_RETURN_IF_ERROR(ChoosePositions(ids, options));
  for (Predictor* predictor : {parent.get(), child.get()}) {
    PEDIGREE_RETURN_IF_ERROR(
        predictor->Prepare(options.context, engine.repack, &pool, &kernels));
  }
  const std::vector<TextWindow> windows = CutIntoWindows(
      ids, tokenizer.bos(), options.context, options.positions);
  DivergenceMeter meter(tokenizer.excluded());
  for (const TextWindow& window : windows) {
    PEDIGREE_RETURN_IF_ERROR(CompareWindow(window, *parent, *child, meter));
  }
  const Json report = Report(options, *parent, *child, InputsDigest(windows),
                             meter.Result());
  if (options.json) {
    std::puts(CanonicalJson(report).c_str());
    return Outcome::kGood;
  }
  for (const auto& [name, value] : report.items()) {
    std::printf("%-21s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str()
                                  : value.dump().c_str());
  }
  return Outcome::kGood;
}

}  // namespace

void AddCompareCommand(CommandLine& command_line) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "compare",
      "Measure how far a model's predictions are from its parent's on a text",
      [options] { return RunCompare(*options); });
  command->footer(
      "KL(parent || child) in nats over tokens that are predicted from those "
      "before them,\nin windows that start anew (from BOS, where the tokenizer "
      "has it). No result depends\non threads, kernels or machine.");
  command->add_option("PARENT", options->parent, "The .slm file to compare with")
      ->required();
  command->add_option("CHILD", options->child, "The .slm file in question")
      ->required();
  command->add_option("--text", options->text, "The text")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--positions", options->positions,
                   "Tokens of the text to predict; by default all")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--context", options->context,
                   "Positions of a window; by default 512, or what the models "
                   "hold")
      ->check(CLI::Range(uint32_t{1}, kMaxContextLimit));
  AddEngineOptions(*command, options->engine);
  command->add_flag("--json", options->json, "Print JSON");
}

}  // namespace pedigree
