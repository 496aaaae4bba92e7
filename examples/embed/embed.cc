// The engine inside a C++ program: embed MODEL.slm [ADAPTER].
//
// Tells what the model takes before it is loaded, generates with the output as it
// comes, runs two sequences that share a start in one batch, and puts an adapter on
// top.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/open_engine.h"
#include "runtime/engine/preflight.h"
#include "runtime/tokenizer/tokenizer.h"

namespace {

using pedigree::Engine;
using pedigree::EngineConfig;
using pedigree::EngineSession;

// Generates behind `prompt` and prints the output as it comes.
absl::Status Generate(EngineSession& session, std::string_view prompt) {
  pedigree::GenerationOptions options;
  options.max_new_tokens = 8;
  options.reuse_prefix = true;
  std::printf("%.*s", static_cast<int>(prompt.size()), prompt.data());
  PEDIGREE_ASSIGN_OR_RETURN(
      const pedigree::Generation generation,
      session.Generate(prompt, options, [](std::string_view bytes) {
        std::fwrite(bytes.data(), 1, bytes.size(), stdout);
        return true;  // false would end it
      }));
  std::printf(" (%s)\n", generation.stop_reason.c_str());
  return absl::OkStatus();
}

// Two prompts that share a start, decoded together, greedily.
absl::Status DecodeTogether(Engine& engine, EngineSession& a,
                            EngineSession& b) {
  const pedigree::Tokenizer& tokenizer = engine.model().tokenizer();
  EngineSession* const sessions[] = {&a, &b};
  const std::string_view prompts[] = {"ab", "abcd"};
  std::vector<uint32_t> next(2);
  for (size_t i = 0; i < 2; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::vector<uint32_t> tokens,
                              tokenizer.EncodePrompt(prompts[i]));
    // What the session has run of them already is kept.
    const uint32_t shared = sessions[i]->RewindToShared(tokens);
    PEDIGREE_RETURN_IF_ERROR(
        sessions[i]->Run(absl::MakeConstSpan(tokens).subspan(shared)));
    PEDIGREE_ASSIGN_OR_RETURN(next[i], sessions[i]->Sample());
  }
  for (int step = 0; step < 3; ++step) {
    PEDIGREE_RETURN_IF_ERROR(engine.Decode(sessions, next));
    for (size_t i = 0; i < 2; ++i) {
      PEDIGREE_ASSIGN_OR_RETURN(next[i], sessions[i]->Sample());
    }
  }
  for (const EngineSession* session : sessions) {
    std::printf("together: %s\n",
                tokenizer.DecodeBytes(session->tokens()).c_str());
  }
  return absl::OkStatus();
}

absl::Status Run(const std::string& model, const std::string& adapter) {
  EngineConfig config;
  config.threads = 2;
  config.sequences = 2;
  PEDIGREE_ASSIGN_OR_RETURN(const pedigree::MemoryUse planned,
                            pedigree::PreflightFile(model, config));
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine,
                            pedigree::OpenEngine(model, config));
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<EngineSession> a,
                            engine->NewSession());
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<EngineSession> b,
                            engine->NewSession());
  std::printf("preflight: %s\n",
              engine->memory().total_bytes() == planned.total_bytes()
                  ? "as it was"
                  : "wrong");
  PEDIGREE_RETURN_IF_ERROR(Generate(*a, "abc"));
  PEDIGREE_RETURN_IF_ERROR(DecodeTogether(*engine, *a, *b));
  if (adapter.empty()) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const pedigree::MappedFile file,
                            pedigree::MappedFile::Open(adapter));
  PEDIGREE_RETURN_IF_ERROR(engine->ApplyAdapter(file.bytes()));
  PEDIGREE_RETURN_IF_ERROR(Generate(*a, "1"));
  engine->ResetAdapters();
  return Generate(*a, "x");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: embed MODEL.slm [ADAPTER]\n");
    return 2;
  }
  const absl::Status status = Run(argv[1], argc == 3 ? argv[2] : "");
  if (!status.ok()) {
    std::fprintf(stderr, "embed: %s\n", std::string(status.message()).c_str());
    return 2;
  }
  return 0;
}
