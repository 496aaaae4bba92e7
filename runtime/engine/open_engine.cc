#include "runtime/engine/open_engine.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/preflight.h"

namespace pedigree {

absl::StatusOr<std::unique_ptr<Engine>> OpenEngine(
    const std::string& path, const EngineConfig& config,
    const std::optional<Digest>& expected_digest) {
  PEDIGREE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  absl::StatusOr<std::unique_ptr<Engine>> engine =
      Engine::Load(std::make_unique<const MappedFile>(std::move(file)), config,
                   expected_digest);
  if (!engine.ok()) return AnnotateWithPath(engine.status(), path);
  return engine;
}

absl::StatusOr<MemoryUse> PreflightFile(
    const std::string& path, const EngineConfig& config,
    const std::vector<std::string>& adapters) {
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  std::vector<MappedFile> adapter_files;
  std::vector<ByteSpan> adapter_bytes;
  for (const std::string& adapter : adapters) {
    PEDIGREE_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::Open(adapter));
    adapter_bytes.push_back(mapped.bytes());
    adapter_files.push_back(std::move(mapped));
  }
  absl::StatusOr<MemoryUse> use =
      Preflight(file.bytes(), config, adapter_bytes);
  if (!use.ok()) return AnnotateWithPath(use.status(), path);
  return use;
}

}  // namespace pedigree
