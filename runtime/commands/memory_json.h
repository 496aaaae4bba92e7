// Memory figures as commands show them.

#ifndef PEDIGREE_RUNTIME_COMMANDS_MEMORY_JSON_H_
#define PEDIGREE_RUNTIME_COMMANDS_MEMORY_JSON_H_

#include "runtime/base/json.h"
#include "runtime/engine/engine_config.h"
#include "runtime/engine/preflight.h"

namespace pedigree {

// `use`, and the options that it is for. 64-bit integers are strings.
Json MemoryJson(const MemoryUse& use, const EngineConfig& config);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_COMMANDS_MEMORY_JSON_H_
