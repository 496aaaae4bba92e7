// Engines of model files. Native only.

#ifndef PEDIGREE_RUNTIME_ENGINE_OPEN_ENGINE_H_
#define PEDIGREE_RUNTIME_ENGINE_OPEN_ENGINE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/sha256.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/preflight.h"

namespace pedigree {

// Maps the file, which must not change while the engine lives, and loads it.
//
// Errors: those of MappedFile::Open; those of Engine::Load with the path.
absl::StatusOr<std::unique_ptr<Engine>> OpenEngine(
    const std::string& path, const EngineConfig& config,
    const std::optional<Digest>& expected_digest = std::nullopt);

// Preflight of a model file, with adapter files on top.
//
// Errors: those of MappedFile::Open; those of Preflight, with the path of the model.
absl::StatusOr<MemoryUse> PreflightFile(
    const std::string& path, const EngineConfig& config,
    const std::vector<std::string>& adapters = {});

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_ENGINE_OPEN_ENGINE_H_
