#include "runtime/commands/eval_command.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/bytes.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/commands/assembly_files.h"
#include "runtime/commands/engine_options.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/open_engine.h"
#include "runtime/engine/preflight.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/evaluation/suite.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"

namespace pedigree {
namespace {

struct EvalOptions {
  AssemblyOptions assembly;
  std::string suite;
  std::string out;
  std::string diagnostics;
  std::string source_kind = "deterministic-smoke";
  std::string manifest;
  std::string shard;
  uint32_t batch = 0;
  bool fail_fast = false;
  std::vector<std::string> filter_tags;
  uint64_t max_forward_passes = 0;
  bool omit_texts = false;
  std::string observations;
  std::string machine;
};

// The default batch: more gain little, and take memory and caches.
constexpr uint32_t kBatch = 16;
// What the keys and values of a batch may take, unless --batch asks for more.
constexpr uint64_t kMaxBatchKvBytes = uint64_t{1} << 30;

absl::StatusOr<std::string> ManifestDigest(const EvalOptions& options) {
  const std::string path =
      options.manifest.empty()
          ? absl::StrCat(options.assembly.model, ".manifest.json")
          : options.manifest;
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile manifest, MappedFile::Open(path));
  return Sha256(manifest.bytes()).ToString();
}

absl::StatusOr<std::string> MakeRequest(const EvalOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(options.suite, kMaxSuiteBytes));
  absl::StatusOr<Json> suite = ParseJson(text, "suite");
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(suite.status(), options.suite));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string manifest_digest,
                            ManifestDigest(options));
  Json request = {{"manifest_digest", manifest_digest},
                  {"source_kind", options.source_kind},
                  {"suite", *std::move(suite)},
                  {"run",
                   {{"fail_fast", options.fail_fast},
                    {"filter_tags", options.filter_tags},
                    {"max_forward_passes", options.max_forward_passes},
                    {"omit_texts", options.omit_texts}}}};
  if (!options.shard.empty()) {
    const std::vector<std::string> parts = absl::StrSplit(options.shard, '/');
    uint32_t index = 0;
    uint32_t count = 0;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &index) ||
        !absl::SimpleAtoi(parts[1], &count) || index >= count) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid --shard: \"", options.shard,
                       "\" (expected INDEX/COUNT, from 0/COUNT on)"));
    }
    request["shard"] = {{"index", index}, {"count", count}};
  }
  // Not canonical: the suite may hold anything yet.
  return request.dump();
}

// Cases run at a time. It changes no result.
absl::StatusOr<uint32_t> ChooseBatch(const EvalOptions& options) {
  if (options.batch > 0) return options.batch;
  PEDIGREE_ASSIGN_OR_RETURN(EngineConfig config,
                            MakeEngineConfig(options.assembly.engine));
  config.sequences = kBatch;
  while (config.sequences > 1) {
    const absl::StatusOr<MemoryUse> use =
        PreflightFile(options.assembly.model, config);
    if (use.ok() && use->kv_cache_bytes <= kMaxBatchKvBytes) break;
    config.sequences /= 2;
  }
  return config.sequences;
}

// Tells people at a terminal how far a long run is, on one line.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what)
      : what_(std::move(what)), is_terminal_(isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() {
    if (shown_) std::fputs("\n", stderr);
  }

  void Show(uint64_t done, uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_terminal_ || now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    const double seconds =
        std::chrono::duration<double>(now - start_).count();
    if (seconds < 1) return;
    const double rate = static_cast<double>(done) / seconds;
    std::fprintf(stderr, "\r%s: %llu of %llu cases, %.1f/s, %.0f s left \033[K",
                 what_.c_str(), static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(total), rate,
                 static_cast<double>(total - done) / rate);
    std::fflush(stderr);
    shown_ = true;
  }

 private:
  const std::string what_;
  const bool is_terminal_;
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_;
  bool shown_ = false;
};

// The counted diagnostics of the run, which the sidecar holds.
absl::Status WriteCounted(const std::string& path,
                          const std::string& sidecar) {
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(sidecar, "sidecar"));
  return WriteFileAtomically(path, CanonicalJson(json.at("counted")));
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

// What the processor's package has used since it was switched on, where the
// system shows it to us. It wraps around after some minutes at the least.
std::optional<double> PackageJoules() {
  constexpr char kCounter[] = "/sys/class/powercap/intel-rapl:0/energy_uj";
  const absl::StatusOr<std::string> text = ReadFile(kCounter, 64);
  uint64_t microjoules = 0;
  if (!text.ok() || !absl::SimpleAtoi(*text, &microjoules)) return std::nullopt;
  return static_cast<double>(microjoules) * 1e-6;
}

// What a run took on this machine, which says nothing about another.
class Observer {
 public:
  void NoteLoaded() { load_seconds_ = SecondsSince(start_); }

  // An observation of the run that made `sidecar`, which ends now.
  absl::StatusOr<std::string> Finish(const EvalOptions& options,
                                     const std::string& sidecar) const {
    const double run_seconds = SecondsSince(start_) - load_seconds_;
    PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(sidecar, "sidecar"));
    PEDIGREE_ASSIGN_OR_RETURN(const EngineConfig config,
                              MakeEngineConfig(options.assembly.engine));
    const Json& use = json.at("counted").at("use");
    uint64_t passes = 0;
    if (!absl::SimpleAtoi(use.at("forward_passes").get<std::string>(),
                          &passes)) {
      return absl::InternalError("forward_passes is no integer");
    }
    std::map<std::string, double> values = {
        {"load_seconds", load_seconds_},
        {"run_seconds", run_seconds},
        {"cases_per_second",
         use.at("case_count").get<double>() / run_seconds},
        // As counted: what was shared between cases was not run again.
        {"forward_passes_per_second",
         static_cast<double>(passes) / run_seconds}};
    rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
      values["peak_resident_bytes"] =
          static_cast<double>(usage.ru_maxrss) * 1024;
    }
    const std::optional<double> joules = PackageJoules();
    if (joules.has_value() && joules_.has_value() && *joules >= *joules_) {
      values["package_joules"] = *joules - *joules_;
    }
    Json measures = Json::array();
    for (const auto& [name, value] : values) {
      measures.push_back({{"name", name},
                          {"value", FormatMillionths(static_cast<uint64_t>(
                                        value * 1e6))}});
    }
    return CanonicalJson(
        {{"schema_version", "pedigree.observation.v1"},
         {"machine", options.machine},
         {"assembly_digest", json.at("assembly_digest")},
         {"suite", json.at("suite").at("name")},
         {"suite_digest", json.at("suite").at("digest")},
         {"sidecar_digest", Sha256(sidecar).ToString()},
         {"threads", static_cast<uint32_t>(config.threads)},
         {"target", TargetName(config.kernels->target)},
         {"measures", std::move(measures)}});
  }

 private:
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  const std::optional<double> joules_ = PackageJoules();
  double load_seconds_ = 0;
};

absl::Status CheckObservationOptions(const EvalOptions& options) {
  if (options.observations.empty() && options.machine.empty()) {
    return absl::OkStatus();
  }
  if (options.observations.empty() || options.machine.empty()) {
    return absl::InvalidArgumentError(
        "Invalid options: --observations and --machine go together");
  }
  if (!options.shard.empty()) {
    return absl::InvalidArgumentError(
        "Invalid options: --observations is of a whole run, not of a --shard");
  }
  return CheckName("--machine", "machine", options.machine);
}

absl::StatusOr<Outcome> RunEval(const EvalOptions& options) {
  PEDIGREE_RETURN_IF_ERROR(CheckObservationOptions(options));
  Observer observer;
  PEDIGREE_ASSIGN_OR_RETURN(const std::string request, MakeRequest(options));
  AssemblyOptions assembly_options = options.assembly;
  PEDIGREE_ASSIGN_OR_RETURN(assembly_options.engine.sequences,
                            ChooseBatch(options));
  PEDIGREE_ASSIGN_OR_RETURN(LoadedAssembly assembly,
                            LoadedAssembly::Open(assembly_options));
  observer.NoteLoaded();
  ProgressLine progress(options.suite);
  absl::StatusOr<std::string> sidecar = RunEvalRequest(
      request, assembly.runtime(),
      [&](uint64_t done, uint64_t total) { progress.Show(done, total); });
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(sidecar.status(), options.suite));
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(options.out, *sidecar));
  if (!options.diagnostics.empty()) {
    PEDIGREE_RETURN_IF_ERROR(WriteCounted(options.diagnostics, *sidecar));
  }
  if (!options.observations.empty()) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string observation,
                              observer.Finish(options, *sidecar));
    PEDIGREE_RETURN_IF_ERROR(
        WriteFileAtomically(options.observations, observation));
  }
  return Outcome::kGood;
}

}  // namespace

void AddEvalCommand(CommandLine& command_line, SiblingFinder find_siblings) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App* command = command_line.Add(
      nullptr, "eval", "Run a frozen suite and write the sidecar",
      [options] { return RunEval(*options); });
  AddAssemblyOptions(*command, std::move(find_siblings), options->assembly);
  command->add_option("--suite", options->suite, "The frozen suite")
      ->type_name("FILE")
      ->required();
  command->add_option("--out", options->out, "Where the sidecar goes")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--diagnostics", options->diagnostics,
                   "Write the counted diagnostics of the run there")
      ->type_name("FILE");
  command
      ->add_option("--source-kind", options->source_kind,
                   "What the evidence may claim")
      ->capture_default_str();
  command
      ->add_option("--shard", options->shard,
                   "Run a part of the suite, 0/7 to 6/7 of seven for example; "
                   "`sidecar merge` puts them together")
      ->type_name("INDEX/COUNT");
  command
      ->add_option("--batch", options->batch,
                   "Cases run at a time; by default up to 16, as memory has "
                   "room")
      ->check(CLI::Range(uint32_t{1}, uint32_t{kMaxBatchTokens}));
  command
      ->add_option("--filter", options->filter_tags,
                   "Run only cases that have this tag, or one of these")
      ->type_name("TAG");
  command->add_flag("--fail-fast", options->fail_fast,
                    "Run no case behind the first that fails");
  command->add_option("--max-forward-passes", options->max_forward_passes,
                      "Run no case once those before took so many; the rest "
                      "is MISSING to a gate");
  command
      ->add_option("--observations", options->observations,
                   "Write rates, times and memory of this run there; they are "
                   "no part of the evidence")
      ->type_name("FILE");
  command
      ->add_option("--machine", options->machine,
                   "What to call this machine in the observations")
      ->type_name("NAME");
  command->add_flag("--omit-texts", options->omit_texts,
                    "Keep digests of expected and actual texts only");
  command
      ->add_option("--manifest", options->manifest,
                   "The model's manifest; by default MODEL.manifest.json")
      ->type_name("FILE");
}

}  // namespace pedigree
