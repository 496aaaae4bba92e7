// Which files of a Hugging Face checkpoint an import reads.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_HF_FILES_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_HF_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pedigree {

// A file and what it is to the import: "config", "generation_config", "index",
// "weights", "tokenizer" or "tokenizer_config".
struct CheckpointFile {
  std::string role;
  std::string path;
};

// The files among `sources`, which are one folder or files, in the order of an
// import's inputs. Weights are model.safetensors; else those that
// model.safetensors.index.json names; else every *.safetensors, sorted by
// name. `tokenizer` is used instead of tokenizer.json unless it is empty. Other
// files are left out.
//
// Errors: kNotFound for a file that is missing; kInvalidArgument for an index
// that is none or a folder among files.
absl::StatusOr<std::vector<CheckpointFile>> FindHfFiles(
    const std::vector<std::string>& sources, const std::string& tokenizer);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_HF_FILES_H_
