// Importing a PEFT adapter: adapter_config.json and adapter_model.safetensors.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_PEFT_ADAPTER_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_PEFT_ADAPTER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "packager/source_file.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {

// Both borrow their bytes.
struct PeftFiles {
  SourceFile config;
  SourceFile weights;
};

// The ALR1 adapter of a LoRA that was trained on the checkpoint which `parent`
// was imported from. Rows of queries and keys are re-ordered as those of the
// checkpoint were. `id_map` is that of the import: how rows of embeddings and
// output were renumbered, empty when they were not; nothing when it is not
// known, and then the adapter must leave both alone.
//
// Errors: those of ParsePeftConfig and ParseSafetensors with the file's path;
// kInvalidArgument for a factor that is missing or of another shape;
// kUnimplemented for a tensor that an ALR1 adapter has no place for.
absl::StatusOr<std::string> ImportPeft(
    const PeftFiles& files, const SlmReader& parent,
    const Digest& parent_digest,
    const std::optional<std::vector<TokenIdRange>>& id_map);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_PEFT_ADAPTER_H_
