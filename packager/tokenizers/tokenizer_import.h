// What tokenizer importers give to model importers: a tokenizer section, and
// where the embedding row of each of its ids lies in the source.

#ifndef PEDIGREE_PACKAGER_TOKENIZERS_TOKENIZER_IMPORT_H_
#define PEDIGREE_PACKAGER_TOKENIZERS_TOKENIZER_IMPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/source_file.h"

namespace pedigree {

// A row that the source lacks.
inline constexpr int64_t kAbsentRow = -1;

struct ImportedTokenizer {
  // A whole section, docs/formats/tokenizer.md.
  std::string section;
  // For each id of the section, the row of the source's embedding matrix (its
  // own id there), or kAbsentRow: such an id gets zeros. Ids may share a row.
  // The length is the model's vocab_size.
  std::vector<int64_t> source_row_of_id;
  // Of the model's header, at least 4.
  uint32_t special_token_count = 4;
};

// What a model's configuration says about token ids, in the source's numbers.
struct SourceTokenIds {
  std::optional<int64_t> bos;
  std::optional<int64_t> pad;
  std::optional<int64_t> unk;
  // Ids that end generation, the first of them EOS; may be empty.
  std::vector<int64_t> eos;
};

// The tokenizer files of a Hugging Face directory.
struct HfTokenizerFiles {
  SourceFile tokenizer_json;
  // Empty bytes when there is none.
  SourceFile tokenizer_config_json;
  // From generation_config.json where it says, else from config.json.
  SourceTokenIds ids;
};

// `source_vocab_size` is the number of rows of the embedding matrix, which may
// be more than the tokenizer knows (padding): such rows get no id.
//
// Errors: kInvalidArgument for a file that breaks its format, kUnimplemented
// for what a BPE1 section can't express, naming it; each with the path.
absl::StatusOr<ImportedTokenizer> ImportHfTokenizer(
    const HfTokenizerFiles& files, int64_t source_vocab_size);

// The `tokenizer.ggml.*` metadata of a GGUF file, checked for type and for
// lengths that agree (scores, token_types: as many as tokens, or none). Strings
// point into the file. Keys that are not among these were refused or ignored
// as docs/formats/import.md says.
struct GgufTokenizer {
  std::string path;
  std::string_view model;                    // "llama", "gpt2"
  std::string_view pre;                      // empty when absent
  std::vector<std::string_view> tokens;
  std::vector<float> scores;
  std::vector<int32_t> token_types;
  std::vector<std::string_view> merges;
  SourceTokenIds ids;                        // eos: EOS, EOT and EOM where given
  std::optional<bool> add_bos;
  std::optional<bool> add_eos;
  std::optional<bool> add_space_prefix;
  std::optional<bool> remove_extra_whitespaces;
};

// As ImportHfTokenizer.
absl::StatusOr<ImportedTokenizer> ImportGgufTokenizer(
    const GgufTokenizer& tokenizer, int64_t source_vocab_size);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TOKENIZERS_TOKENIZER_IMPORT_H_
