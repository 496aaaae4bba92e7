// Holds what a process takes against what preflight says: runs a model in sessions
// that are filled to their last position, and exits with 1 when the peak of resident
// memory is more than 2 % off.
//
//   peak_memory MODEL.slm [--context=N] [--sequences=N] [--threads=N] [--no-repack]
//
// The program's own share is measured first: a model of a few KB goes the same way,
// and what is resident then is not the model's.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"
#include "runtime/bench/machine.h"
#include "runtime/commands/engine_options.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/open_engine.h"
#include "runtime/engine/preflight.h"
#include "runtime/format/slm_format.h"
#include "runtime/model/memory_plan.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

constexpr double kAllowedShare = 0.02;

struct Options {
  std::string model;
  EngineOptions engine;
  uint32_t context_tokens = 512;
  uint32_t sequences = 1;
};

// Fills every session to its last position, the last tokens in one batch.
absl::Status Fill(Engine& engine, uint32_t sequences) {
  std::vector<std::unique_ptr<EngineSession>> sessions;
  std::vector<EngineSession*> parts;
  for (uint32_t i = 0; i < sequences; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(std::unique_ptr<EngineSession> session,
                              engine.NewSession());
    PEDIGREE_RETURN_IF_ERROR(
        session->Run(std::vector<uint32_t>(session->capacity() - 1, 65)));
    parts.push_back(session.get());
    sessions.push_back(std::move(session));
  }
  return engine.Decode(parts, std::vector<uint32_t>(parts.size(), 66));
}

// What is resident before the model: the program, and what it keeps of a run.
absl::StatusOr<uint64_t> OwnBytes(EngineConfig config) {
  TinyModelOptions shape;
  shape.dtype = DType::kQ8_0;
  const AlignedBytes file(TinyModel(shape));
  config.context_tokens = 0;
  {
    PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine,
                              Engine::Load(AsBytes(file.text()), config));
    PEDIGREE_RETURN_IF_ERROR(Fill(*engine, config.sequences));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const ResidentBytes resident, ReadResidentBytes());
  return resident.now;
}

absl::StatusOr<bool> Measure(const Options& options) {
  PEDIGREE_ASSIGN_OR_RETURN(EngineConfig config,
                            MakeEngineConfig(options.engine));
  config.context_tokens = options.context_tokens;
  config.sequences = options.sequences;
  PEDIGREE_ASSIGN_OR_RETURN(const MemoryUse planned,
                            PreflightFile(options.model, config));
  PEDIGREE_ASSIGN_OR_RETURN(const uint64_t own, OwnBytes(config));
  PEDIGREE_RETURN_IF_ERROR(ResetPeakResident());
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine,
                            OpenEngine(options.model, config));
  PEDIGREE_RETURN_IF_ERROR(Fill(*engine, config.sequences));
  PEDIGREE_ASSIGN_OR_RETURN(const ResidentBytes resident, ReadResidentBytes());
  const double taken = static_cast<double>(resident.peak) -
                       static_cast<double>(own);
  const double said = static_cast<double>(planned.total_bytes());
  const double off = taken / said - 1;
  constexpr double kMb = 1e6;
  std::printf(
      "%s threads %d %s context %u sequences %u: said %.2f MB, peak %.2f MB "
      "(program %.2f MB besides), %+.2f %%\n",
      options.model.c_str(), engine->threads(),
      planned.repacked ? "repacked" : "in place", planned.context_tokens,
      config.sequences, said / kMb, taken / kMb,
      static_cast<double>(own) / kMb, off * 100);
  return std::fabs(off) <= kAllowedShare;
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  pedigree::Options options;
  CLI::App app("Hold the peak of resident memory against preflight");
  app.add_option("MODEL", options.model, "The .slm file")->required();
  pedigree::AddEngineOptions(app, options.engine);
  app.add_option("--context", options.context_tokens, "Positions, at least 2")
      ->check(CLI::Range(uint32_t{2}, pedigree::kMaxContextLimit));
  app.add_option("--sequences", options.sequences, "Sessions at a time");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<bool> good = pedigree::Measure(options);
  if (!good.ok()) {
    std::fprintf(stderr, "peak_memory: %s\n",
                 std::string(good.status().message()).c_str());
    return 2;
  }
  return *good ? 0 : 1;
}
