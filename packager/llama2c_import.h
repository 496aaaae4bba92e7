// Importing llama2.c checkpoints (the version 0 export, which its README calls
// legacy) with a SentencePiece llama vocabulary.
//
// Checkpoint: seven int32 (dim, hidden_dim, n_layers, n_heads, n_kv_heads,
// vocab_size, seq_len; a negative vocab_size marks an output matrix of its
// own), then f32 tensors, layer by layer within each: token embeddings,
// attention norms, wq, wk, wv, wo, ffn norms, w1, w2, w3, final norm, two
// tables of seq_len x head_dim / 2 RoPE factors (not used: they are computed),
// and the output matrix if it has its own.
//
// Tokenizer: int32 max_token_length, then for each id f32 score, int32 length
// and the piece's bytes. Ids: 0 unknown, 1 BOS, 2 EOS, 3..258 the bytes as
// "<0x00>".."<0xFF>", pieces from 259.

#ifndef PEDIGREE_PACKAGER_LLAMA2C_IMPORT_H_
#define PEDIGREE_PACKAGER_LLAMA2C_IMPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/model_weights.h"
#include "packager/source_file.h"

namespace pedigree {

// `count` ids from `first_id` on hold what the source has from
// `source_first_id` on; absent ones are new and have zero rows.
struct TokenIdRange {
  uint32_t first_id = 0;
  uint32_t count = 0;
  uint32_t source_first_id = 0;
  bool absent = false;
};

struct ImportedModel {
  ModelWeights weights;
  std::vector<TokenIdRange> id_map;  // ascending, covering every id
};

// The model with its tokens renumbered to bytes 0..255, BOS 256, EOS 257, PAD
// 258 (absent: llama2.c has none), UNK 259 and pieces from 260, so with one
// id more than the source has; embedding and output rows move along. Stop ids
// are BOS and EOS, since llama2.c's stories end with BOS. rope_theta is 10000
// and rms_norm_epsilon 1e-5, which llama2.c has as constants.
//
// Errors: kInvalidArgument with field or id and both values; kDataLoss when a
// file's size is not what its header asks for.
absl::StatusOr<ImportedModel> ImportLlama2c(const SourceFile& checkpoint,
                                            const SourceFile& tokenizer);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_LLAMA2C_IMPORT_H_
