// Training as operators: files in, a model, an adapter or a tokenizer out.

#ifndef PEDIGREE_PACKAGER_TRAINING_TRAIN_H_
#define PEDIGREE_PACKAGER_TRAINING_TRAIN_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/records.pb.h"
#include "packager/source_file.h"
#include "packager/training/trainer.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"
#include "runtime/kernels/target.h"

namespace pedigree {

// How a training is run. Nothing here changes a bit of what it makes.
struct TrainingRun {
  // 0: as many as there are cores.
  int threads = 0;
  // The best when empty.
  std::optional<Target> target;
  ReportTraining report;
};

struct TrainingFiles {
  std::vector<SourceFile> data;
  // May be empty.
  std::vector<SourceFile> validation;
};

struct TrainedFile {
  std::string bytes;
  packager::TrainingNote note;
};

// A model from scratch. `tokenizer` is a tokenizer section; BTOK without one.
//
// Errors: those of ReadTrainingConfig, Tokenizer::Parse and TrainingData, with
// the file; those of Train; kInvalidArgument for a config without a shape.
absl::StatusOr<TrainedFile> TrainModel(const packager::TrainingConfig& config,
                                       const std::optional<SourceFile>& tokenizer,
                                       const TrainingFiles& files,
                                       const TrainingRun& run);

// An ALR1 adapter for `parent`, whose SHA-256 is `parent_digest`.
//
// Errors: as above; those of ModelWithFactors.
absl::StatusOr<TrainedFile> TrainAdapter(const packager::TrainingConfig& config,
                                         const SlmReader& parent,
                                         const Digest& parent_digest,
                                         const TrainingFiles& files,
                                         const TrainingRun& run);

// A tokenizer section learned from the texts of data files.
//
// Errors: those of PreSplitByName, ReadTrainingTexts (with the file) and
// TokenizerTrainer::Finish.
absl::StatusOr<std::string> TrainTokenizer(
    const packager::TokenizerTraining& config,
    const std::vector<SourceFile>& data);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TRAINING_TRAIN_H_
