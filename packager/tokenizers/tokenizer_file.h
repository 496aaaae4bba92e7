// A tokenizer that lies in a file of its own, of any kind that is known here.

#ifndef PEDIGREE_PACKAGER_TOKENIZERS_TOKENIZER_FILE_H_
#define PEDIGREE_PACKAGER_TOKENIZERS_TOKENIZER_FILE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "packager/source_file.h"
#include "packager/tokenizers/tokenizer_import.h"

namespace pedigree {

// Reads `file` by what it begins with:
//
//   BTOK, BPE1  a tokenizer section as it is: id i is row i
//   {           tokenizer.json, with `config` beside it if there is one
//   else        a llama2.c tokenizer
//
// `source_vocab_size` is the number of embedding rows, `ids` what the model's
// configuration says (for tokenizer.json).
//
// Errors: those of the kind, with the path; kInvalidArgument when a section's
// ids are not as many as the rows; kResourceExhausted for a JSON text of more
// than 64 MiB.
absl::StatusOr<ImportedTokenizer> ImportTokenizerFile(
    const SourceFile& file, const std::optional<SourceFile>& config,
    const SourceTokenIds& ids, int64_t source_vocab_size);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKENIZERS_TOKENIZER_FILE_H_
