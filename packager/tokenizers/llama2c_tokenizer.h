// Importing llama2.c tokenizers: a SentencePiece llama vocabulary in a file of
// its own.
//
// int32 max_token_length, then for each id f32 score, int32 length and the
// piece's bytes. Ids: 0 unknown, 1 BOS, 2 EOS, 3..258 the bytes as
// "<0x00>".."<0xFF>", pieces from 259.

#ifndef PEDIGREE_PACKAGER_TOKENIZERS_LLAMA2C_TOKENIZER_H_
#define PEDIGREE_PACKAGER_TOKENIZERS_LLAMA2C_TOKENIZER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "packager/source_file.h"
#include "packager/tokenizers/tokenizer_import.h"

namespace pedigree {

// The tokenizer with its tokens renumbered to bytes 0..255, BOS 256, EOS 257,
// PAD 258 (absent: llama2.c has none), UNK 259 and pieces from 260, so with one
// id more than the source has. Stop ids are BOS and EOS, since llama2.c's
// stories end with BOS.
//
// Errors: kInvalidArgument with token and both values; kDataLoss when the file
// does not end with the last token; kUnimplemented for another vocabulary. Each
// with the path.
absl::StatusOr<ImportedTokenizer> ImportLlama2cTokenizer(
    const SourceFile& file, int64_t source_vocab_size);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKENIZERS_LLAMA2C_TOKENIZER_H_
