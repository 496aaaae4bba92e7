#include "runtime/commands/bench_command.h"

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
#include "runtime/base/status_macros.h"
#include "runtime/bench/machine.h"
#include "runtime/commands/engine_options.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/open_engine.h"
#include "runtime/format/slm_header.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/packing.h"
#include "runtime/kernels/target.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/weights.h"
#include "runtime/tensor/tensor_view.h"

namespace pedigree {
namespace {

struct BenchOptions {
  std::string model;
  EngineOptions engine;
  // 0: what kDefaultPromptTokens and kDefaultNewTokens leave room for.
  uint32_t prompt_tokens = 0;
  uint32_t new_tokens = 0;
  uint32_t sequences = 1;
  uint32_t rounds = 5;
  bool no_machine = false;
  bool json = false;
};

// What engines are compared on by habit.
constexpr uint32_t kDefaultPromptTokens = 512;
constexpr uint32_t kDefaultNewTokens = 128;

// Fills in what was not asked for, as far as the context goes.
void FillDefaults(uint32_t max_context, BenchOptions& options) {
  if (options.new_tokens == 0) {
    options.new_tokens =
        std::clamp(max_context / 4, uint32_t{1}, kDefaultNewTokens);
  }
  if (options.prompt_tokens == 0 && max_context > options.new_tokens) {
    options.prompt_tokens =
        std::min(max_context - options.new_tokens, kDefaultPromptTokens);
  }
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half]
                                : (values[half - 1] + values[half]) / 2;
}

// The prompt's tokens: byte tokens in turn, which every tokenizer has.
std::vector<uint32_t> PromptTokens(uint32_t count) {
  std::vector<uint32_t> tokens(count);
  for (uint32_t i = 0; i < count; ++i) tokens[i] = (i * 37 + 11) % 256;
  return tokens;
}

// A model ready to be run over and over.
class Bench {
 public:
  // Fills in the options that depend on the model.
  static absl::StatusOr<std::unique_ptr<Bench>> Load(BenchOptions& options);

  // Tokens a second of running `tokens` in an empty session.
  absl::StatusOr<double> Prefill(const std::vector<uint32_t>& tokens);
  // Tokens a second, over all sequences, of one token after the other behind
  // `prompt`.
  absl::StatusOr<double> Decode(const std::vector<uint32_t>& prompt,
                                uint32_t count);

  double load_seconds() const { return load_seconds_; }
  // From before loading to the first token behind a prompt of one.
  double first_token_seconds() const { return first_token_seconds_; }
  Engine& engine() { return *engine_; }

 private:
  Bench() = default;

  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<EngineSession>> sessions_;
  double load_seconds_ = 0;
  double first_token_seconds_ = 0;
};

// The most positions that the model has.
absl::StatusOr<uint32_t> MaxContext(const std::string& path) {
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  const absl::StatusOr<SlmHeader> header = ParseSlmHeader(file.bytes());
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(header.status(), path));
  return header->shape.max_context;
}

absl::StatusOr<std::unique_ptr<Bench>> Bench::Load(BenchOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(EngineConfig config,
                            MakeEngineConfig(options.engine));
  PEDIGREE_ASSIGN_OR_RETURN(const uint32_t max_context,
                            MaxContext(options.model));
  FillDefaults(max_context, options);
  const uint32_t length = options.prompt_tokens + options.new_tokens;
  if (length > max_context) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid --prompt-tokens and --new-tokens: together ", length,
        " (model has max_context ", max_context, ")"));
  }
  config.sequences = options.sequences;
  config.context_tokens = length;
  const double start = SteadySeconds();
  std::unique_ptr<Bench> bench(new Bench);
  PEDIGREE_ASSIGN_OR_RETURN(bench->engine_,
                            OpenEngine(options.model, config));
  for (uint32_t i = 0; i < options.sequences; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<EngineSession> session,
                              bench->engine_->NewSession());
    bench->sessions_.push_back(std::move(session));
  }
  bench->load_seconds_ = SteadySeconds() - start;
  PEDIGREE_RETURN_IF_ERROR(bench->sessions_[0]->Run(PromptTokens(1)));
  PEDIGREE_RETURN_IF_ERROR(bench->sessions_[0]->Sample().status());
  bench->first_token_seconds_ = SteadySeconds() - start;
  return bench;
}

absl::StatusOr<double> Bench::Prefill(const std::vector<uint32_t>& tokens) {
  PEDIGREE_RETURN_IF_ERROR(sessions_[0]->Rewind(0));
  const double start = SteadySeconds();
  PEDIGREE_RETURN_IF_ERROR(sessions_[0]->Run(tokens));
  return static_cast<double>(tokens.size()) / (SteadySeconds() - start);
}

absl::StatusOr<double> Bench::Decode(const std::vector<uint32_t>& prompt,
                                     uint32_t count) {
  std::vector<EngineSession*> sessions;
  for (const std::unique_ptr<EngineSession>& session : sessions_) {
    PEDIGREE_RETURN_IF_ERROR(session->Rewind(0));
    PEDIGREE_RETURN_IF_ERROR(session->Run(prompt));
    sessions.push_back(session.get());
  }
  std::vector<uint32_t> next(sessions.size());
  const Kernels& kernels = engine_->kernels();
  const double start = SteadySeconds();
  for (uint32_t i = 0; i < count; ++i) {
    for (size_t s = 0; s < sessions.size(); ++s) {
      const absl::Span<const float> logits = sessions[s]->logits();
      next[s] =
          static_cast<uint32_t>(kernels.arg_max(logits.data(), logits.size()));
    }
    PEDIGREE_RETURN_IF_ERROR(engine_->Decode(sessions, next));
  }
  return static_cast<double>(count) * static_cast<double>(sessions.size()) /
         (SteadySeconds() - start);
}

// Multiply-adds of all matrices for one token, the output's included.
double ProductsPerToken(const Model& model) {
  double products = 0;
  const Weights& weights = model.weights();
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    const TensorView& tensor = weights.tensors()[i];
    const bool lookup_only = static_cast<int>(i) == weights.embeddings_index() &&
                             weights.output_index() != 0;
    if (tensor.rows == 1 || lookup_only) continue;
    products += static_cast<double>(tensor.rows) *
                static_cast<double>(tensor.columns);
  }
  return products;
}

// Of the weights in use, in the form in which kernels read them.
double WeightBytesPerToken(const Weights& weights) {
  double bytes = 0;
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    const bool lookup_only = static_cast<int>(i) == weights.embeddings_index() &&
                             weights.output_index() != 0;
    if (lookup_only) continue;
    const TensorView& tensor = weights.tensors()[i];
    bytes += static_cast<double>(tensor.packed == nullptr
                                     ? tensor.StoredBytes()
                                     : PackedBytes(tensor));
  }
  return bytes;
}

struct Figures {
  std::vector<double> prefill;
  std::vector<double> decode;
  std::vector<double> bandwidth;
  double int8_peak = 0;
};

absl::StatusOr<Json> Report(const BenchOptions& options, Bench& bench,
                            const Figures& figures) {
  PEDIGREE_ASSIGN_OR_RETURN(const ResidentBytes resident, ReadResidentBytes());
  const double prefill = Median(figures.prefill);
  const double decode = Median(figures.decode);
  const double bytes =
      WeightBytesPerToken(bench.engine().adapters().weights());
  const double steps = decode / options.sequences;
  const auto number = [](double value) {
    return absl::StrFormat("%.4g", value);
  };
  Json report = {
      {"model", options.model},
      {"threads", bench.engine().threads()},
      {"target", std::string(TargetName(bench.engine().kernels().target))},
      {"sequences", options.sequences},
      {"prompt_tokens", options.prompt_tokens},
      {"new_tokens", options.new_tokens},
      {"rounds", options.rounds},
      {"load_seconds", number(bench.load_seconds())},
      {"first_token_seconds", number(bench.first_token_seconds())},
      {"packed_bytes", absl::StrCat(bench.engine().memory().packed_bytes)},
      {"workspace_bytes",
       absl::StrCat(bench.engine().memory().allocated_bytes())},
      {"peak_resident_bytes", absl::StrCat(resident.peak)},
      {"weight_bytes_per_token", number(bytes)},
      {"prefill_tokens_per_second", number(prefill)},
      {"decode_tokens_per_second", number(decode)},
      {"decode_weight_bytes_per_second", number(steps * bytes)},
  };
  if (!options.no_machine) {
    const double bandwidth = Median(figures.bandwidth);
    report["read_bandwidth_bytes_per_second"] = number(bandwidth);
    report["int8_peak_products_per_second"] = number(figures.int8_peak);
    report["decode_share_of_bandwidth"] =
        absl::StrFormat("%.3f", steps * bytes / bandwidth);
    report["prefill_share_of_int8_peak"] = absl::StrFormat(
        "%.3f", prefill * ProductsPerToken(bench.engine().model()) /
                    figures.int8_peak);
  }
  return report;
}

absl::StatusOr<Outcome> RunBench(BenchOptions options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<Bench> bench,
                            Bench::Load(options));
  Figures figures;
  std::optional<BandwidthProbe> probe;
  if (!options.no_machine) {
    PEDIGREE_ASSIGN_OR_RETURN(probe, BandwidthProbe::Create());
    figures.int8_peak =
        Int8Peak(bench->engine().kernels(), bench->engine().pool(),
                 bench->engine().threads());
  }
  const std::vector<uint32_t> prompt = PromptTokens(options.prompt_tokens);
  const std::vector<uint32_t> first = PromptTokens(1);
  // A first round that only warms up; then all kinds in turn, so that what else
  // the machine does meets them alike.
  for (uint32_t round = 0; round <= options.rounds; ++round) {
    PEDIGREE_ASSIGN_OR_RETURN(const double prefill, bench->Prefill(prompt));
    PEDIGREE_ASSIGN_OR_RETURN(const double decode,
                              bench->Decode(first, options.new_tokens));
    if (round == 0) continue;
    figures.prefill.push_back(prefill);
    figures.decode.push_back(decode);
    if (probe.has_value()) {
      figures.bandwidth.push_back(
          probe->Measure(bench->engine().pool(), bench->engine().threads()));
    }
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Json report,
                            Report(options, *bench, figures));
  if (options.json) {
    std::puts(CanonicalJson(report).c_str());
    return Outcome::kGood;
  }
  for (const auto& [name, value] : report.items()) {
    std::printf("%-32s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str()
                                  : value.dump().c_str());
  }
  return Outcome::kGood;
}

}  // namespace

void AddBenchCommand(CommandLine& command_line) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "bench",
      "Measure prefill and decode rates against what the machine can do",
      [options] { return RunBench(*options); });
  command->add_option("MODEL", options->model, "The .slm file")->required();
  AddEngineOptions(*command, options->engine);
  const auto count = [command](const char* name, uint32_t& value,
                               const char* what) {
    command->add_option(name, value, what)
        ->check(CLI::Range(uint32_t{1}, kMaxContextLimit));
  };
  count("--prompt-tokens", options->prompt_tokens,
        "Tokens that prefill is measured with; by default 512, or what the "
        "context holds");
  count("--new-tokens", options->new_tokens,
        "Tokens that decode is measured with; by default 128, or a quarter of "
        "the context");
  count("--rounds", options->rounds,
        "Rounds whose median is told; by default 5");
  command
      ->add_option("--sequences", options->sequences,
                   "Sequences decoded together, 1..64")
      ->check(CLI::Range(uint32_t{1}, uint32_t{kMaxBatchTokens}))
      ->capture_default_str();
  command->add_flag("--no-machine", options->no_machine,
                    "Leave out memory bandwidth (1 GiB) and int8 peak");
  command->add_flag("--json", options->json, "Print JSON");
}

}  // namespace pedigree
