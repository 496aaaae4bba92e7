// What importers of named tensors share: from a checkpoint's tensors by name to
// a model source.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_CHECKPOINT_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_CHECKPOINT_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// A tensor as its file says, before anyone asked for it.
struct FoundTensor {
  // Not to be read when `unreadable` says so.
  SourceTensor source;
  // Outermost first.
  std::vector<uint64_t> dims;
  // The name of a storage type that has no SourceEncoding; empty else.
  std::string unreadable;
};

// By the checkpoint's name.
using FoundTensors = std::map<std::string, FoundTensor>;

// What a checkpoint calls the tensors of model type 1.
struct TensorNames {
  std::string embeddings;
  // A layer's tensors are `layer_prefix` + number + "." + one of `layer`, in
  // canonical order: attn_norm, wq, wk, wv, wo, ffn_norm, w1, w3, w2.
  std::string layer_prefix;
  std::array<std::string, kTensorsPerLayer> layer;
  std::string norm;
  std::string output;
};

// What the checkpoint calls the tensors of `shape`, in canonical order.
std::vector<std::string> SourceNames(const ModelShape& shape,
                                     const TensorNames& names);

// Checks what the dimensions of `shape` have to do with each other and that
// their products fit, with vocab_size being the source's. `tensor_count` is how
// many tensors the checkpoint holds.
//
// Errors: kInvalidArgument, kUnimplemented with both values.
absl::Status CheckSourceShape(const ModelShape& shape, size_t tensor_count);

// The tensors of `shape`, which CheckSourceShape passed, in canonical order.
//
// Errors: kInvalidArgument for one that is missing or of another shape;
// kUnimplemented for a storage type that can't be read and for a tensor that
// has no place in the model. Messages begin with the tensor's path, or with
// `path` for a tensor that is missing.
absl::StatusOr<std::vector<SourceTensor>> TakeTensors(
    const ModelShape& shape, const TensorNames& names, const std::string& path,
    FoundTensors found);

// Re-orders the rows of wq and wk from half-split to adjacent RoPE pairs.
void ReorderHalves(const ModelShape& shape, std::vector<SourceTensor>& tensors);

// The source of a model whose token ids are those of `tokenizer`; embedding and
// output rows follow them. `shape.vocab_size` is the source's.
//
// Errors: kInvalidArgument when the map asks for rows that are not there.
absl::StatusOr<ModelSource> MakeSource(ModelShape shape,
                                       ImportedTokenizer tokenizer,
                                       std::vector<SourceTensor> tensors);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_CHECKPOINT_H_
