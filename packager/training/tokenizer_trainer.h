// Byte-pair encodings learned from texts.
// Specification: docs/training.md, "Tokenizer".

#ifndef PEDIGREE_PACKAGER_TRAINING_TOKENIZER_TRAINER_H_
#define PEDIGREE_PACKAGER_TRAINING_TOKENIZER_TRAINER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "packager/training/training_data.h"
#include "runtime/tokenizer/pre_split.h"

namespace pedigree {

// "none", "gpt2", "llama3", "qwen2" or "digits". Errors: kInvalidArgument.
absl::StatusOr<PreSplit> PreSplitByName(std::string_view name);

// Counts words, then joins the most frequent pair of neighbours again and
// again.
class TokenizerTrainer {
 public:
  explicit TokenizerTrainer(PreSplit pre_split) : pre_split_(pre_split) {}

  // Counts the words of a prompt and of its answer, or of a text.
  void Add(const TrainingText& text);

  // The section: BPE1 version 1 without a pre-split, else version 2.
  //
  // Errors: kInvalidArgument for a size below 260, or above what the texts
  // give: a pair must occur twice.
  absl::StatusOr<std::string> Finish(uint32_t vocab_size) const;

 private:
  void AddWords(std::string_view text);

  PreSplit pre_split_;
  std::map<std::string, uint64_t, std::less<>> word_counts_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TOKENIZER_TRAINER_H_
