// Texts to train on: JSON Lines, and the tokens they become.
// Specification: docs/training.md, "Data".

#ifndef PEDIGREE_PACKAGER_TRAINING_TRAINING_DATA_H_
#define PEDIGREE_PACKAGER_TRAINING_TRAINING_DATA_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "packager/training/gradient_pass.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

// One line of a data file: a text, or a prompt and the answer to learn.
struct TrainingText {
  // Empty when all of it is to be learned.
  std::string prompt;
  std::string text;
  bool has_prompt = false;
};

// Calls `use` with each text of a data file, in order, and its line from 1 on;
// a status that it returns is annotated with the line and ends the reading.
//
// Errors: kInvalidArgument for a line that is no text, or a file without any.
absl::Status ReadTrainingTexts(
    std::string_view file,
    const std::function<absl::Status(const TrainingText& text)>& use);

// Texts as tokens. Movable.
class TrainingData {
 public:
  // Adds the texts of a data file. `context` is the most inputs a text may have.
  //
  // Errors: those of ReadTrainingTexts; kOutOfRange for a text that is longer
  // than the context, kInvalidArgument for one with a token that the tokenizer
  // lacks or never gives, each with the line and both values.
  absl::Status AddFile(std::string_view file, const Tokenizer& tokenizer,
                       uint32_t context);

  size_t size() const { return texts_.size(); }
  TrainingSequence sequence(size_t index) const {
    return {texts_[index].ids, texts_[index].first_target};
  }

 private:
  struct Tokens {
    std::vector<uint32_t> ids;
    size_t first_target = 1;
  };

  absl::Status AddText(const TrainingText& text, const Tokenizer& tokenizer,
                       uint32_t context);

  std::vector<Tokens> texts_;
};

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TRAINING_DATA_H_
