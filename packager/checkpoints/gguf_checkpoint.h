// Importing GGUF files of the llama architecture.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_GGUF_CHECKPOINT_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_GGUF_CHECKPOINT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "packager/source_file.h"

namespace pedigree {

// The model as it lies in `checkpoint`. Its q and k rows have adjacent RoPE
// pairs already: llama.cpp's conversion re-orders them for this architecture.
// The tokenizer is the file's own unless `tokenizer` (of any kind that
// ImportTokenizerFile reads) is given.
//
// A key that could change what the model computes is refused by name unless
// its value changes nothing; so is every key of the architecture or of the
// tokenizer that is not known here. docs/formats/import.md lists them.
//
// Errors: those of ParseGguf and TakeTensors; kInvalidArgument for keys that
// are missing or of the wrong type; kUnimplemented for what model type 1 can't
// express. Each with the path.
absl::StatusOr<ModelSource> OpenGgufCheckpoint(
    const SourceFile& checkpoint, const std::optional<SourceFile>& tokenizer);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_GGUF_CHECKPOINT_H_
