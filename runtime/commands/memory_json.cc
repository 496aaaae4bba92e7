#include "runtime/commands/memory_json.h"

#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/preflight.h"

namespace pedigree {

Json MemoryJson(const MemoryUse& use, const EngineConfig& config) {
  return {{"threads", config.threads},
          {"context_tokens", config.context_tokens},
          {"sequences", config.sequences},
          {"batch_tokens", config.batch_tokens},
          {"repacked", use.repacked},
          {"file_bytes", absl::StrCat(use.file_bytes)},
          {"mapped_bytes", absl::StrCat(use.mapped_bytes)},
          {"packed_bytes", absl::StrCat(use.packed_bytes)},
          {"tokenizer_bytes", absl::StrCat(use.tokenizer_bytes)},
          {"kv_cache_bytes", absl::StrCat(use.kv_cache_bytes)},
          {"scratch_bytes", absl::StrCat(use.scratch_bytes)},
          {"session_bytes", absl::StrCat(use.session_bytes)},
          {"adapter_bytes", absl::StrCat(use.adapter_bytes)},
          {"side_scratch_bytes", absl::StrCat(use.side_scratch_bytes)},
          {"total_bytes", absl::StrCat(use.total_bytes())}};
}

}  // namespace pedigree
