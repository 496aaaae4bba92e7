// Importing a Hugging Face directory: config.json, *.safetensors, a tokenizer.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_HF_CHECKPOINT_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_HF_CHECKPOINT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "packager/source_file.h"

namespace pedigree {

// The files of a checkpoint. All borrow their bytes.
struct HfFiles {
  SourceFile config;
  std::optional<SourceFile> generation_config;
  // model.safetensors.index.json.
  std::optional<SourceFile> index;
  // With an index, in the order of the names that it gives the files, sorted
  // by their bytes.
  std::vector<SourceFile> weights;
  SourceFile tokenizer;
  std::optional<SourceFile> tokenizer_config;
};

// The file names of an index, sorted by their bytes, each once.
//
// Errors: kInvalidArgument when `text` is no index or a name is not that of a
// *.safetensors file in the same folder.
absl::StatusOr<std::vector<std::string>> IndexedFiles(std::string_view text);

// The model as it lies in `files`. RoPE rows are re-ordered, token ids
// renumbered.
//
// Errors: those of ParseHfConfig, ParseSafetensors, TakeTensors and
// ImportTokenizerFile, each with the file's path; kInvalidArgument when the
// index and the files say different things.
absl::StatusOr<ModelSource> OpenHfCheckpoint(const HfFiles& files);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_HF_CHECKPOINT_H_
