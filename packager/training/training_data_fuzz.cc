// Texts to train on, as tokens and as words of a tokenizer.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "packager/tokenizer_writer.h"
#include "packager/training/gradient_pass.h"
#include "packager/training/tokenizer_trainer.h"
#include "packager/training/training_data.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  constexpr uint32_t kContext = 32;
  const std::string_view file = pedigree::AsText({bytes, size});
  const std::string section = pedigree::WriteBtok();
  const auto tokenizer =
      pedigree::Tokenizer::Parse(pedigree::AsBytes(section), 260);
  PEDIGREE_CHECK(tokenizer.ok());
  pedigree::TrainingData data;
  if (!data.AddFile(file, **tokenizer, kContext).ok()) return 0;
  PEDIGREE_CHECK(data.size() > 0);
  for (size_t i = 0; i < data.size(); ++i) {
    const pedigree::TrainingSequence sequence = data.sequence(i);
    PEDIGREE_CHECK(sequence.inputs() <= kContext);
    PEDIGREE_CHECK(sequence.first_target > 0 && sequence.targets() > 0);
    for (const uint32_t id : sequence.ids) PEDIGREE_CHECK(id < 260);
  }
  pedigree::TokenizerTrainer trainer(pedigree::PreSplit::kGpt2);
  const absl::Status read = pedigree::ReadTrainingTexts(
      file, [&trainer](const pedigree::TrainingText& text) {
        trainer.Add(text);
        return absl::OkStatus();
      });
  PEDIGREE_CHECK(read.ok());
  const auto learned = trainer.Finish(264);
  if (!learned.ok()) return 0;
  PEDIGREE_CHECK(
      pedigree::Tokenizer::Parse(pedigree::AsBytes(*learned), 264).ok());
  return 0;
}
