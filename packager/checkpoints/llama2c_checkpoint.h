// Importing llama2.c checkpoints. All numbers are little-endian; all versions
// have the same seven int32: dim, hidden_dim, n_layers, n_heads, n_kv_heads,
// vocab_size, seq_len.
//
// Version 0 ("legacy"): the seven, then f32 tensors, for all layers each: token
// embeddings, attention norms, wq, wk, wv, wo, ffn norms, w1, w2, w3, final
// norm, two tables of seq_len x head_dim / 2 RoPE factors (not used: they are
// computed), and the output matrix, if vocab_size is negative.
//
// Versions 1 and 2: "24ka", int32 version, the seven, a byte that tells whether
// embeddings are the output too, for version 2 an int32 group_size, zeros up to
// byte 256. Then attention norms, ffn norms, final norm, embeddings, wq, wk,
// wv, wo, w1, w2, w3 and output. In version 2 each matrix is int8, followed by
// an f32 scale for each group_size values, as runq.c reads them.
//
// Source: export.py, run.c and runq.c of github.com/karpathy/llama2.c.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_LLAMA2C_CHECKPOINT_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_LLAMA2C_CHECKPOINT_H_

#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "packager/source_file.h"

namespace pedigree {

// The model as it lies in `checkpoint`, token ids renumbered as `tokenizer` (of
// any kind that ImportTokenizerFile reads) asks. rope_theta is 10000 and
// rms_norm_epsilon 1e-5, which llama2.c has as constants.
//
// Errors: kInvalidArgument with field and both values; kDataLoss when the
// file's size is not what its header asks for; kUnimplemented for another
// version. Each with the path.
absl::StatusOr<ModelSource> OpenLlama2cCheckpoint(const SourceFile& checkpoint,
                                                  const SourceFile& tokenizer);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_LLAMA2C_CHECKPOINT_H_
