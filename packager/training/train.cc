#include "packager/training/train.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/adapter_spec.h"
#include "packager/adapter_writer.h"
#include "packager/decimal.h"
#include "packager/model_weights.h"
#include "packager/tokenizer_writer.h"
#include "packager/training/tokenizer_trainer.h"
#include "packager/training/training_config.h"
#include "packager/training/training_data.h"
#include "packager/training/training_numerics.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/threads/thread_pool.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

constexpr uint32_t kMaxVocabSize = 1 << 17;

absl::StatusOr<TrainingData> ReadData(const std::vector<SourceFile>& files,
                                      const Tokenizer& tokenizer,
                                      uint32_t context) {
  TrainingData data;
  for (const SourceFile& file : files) {
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        data.AddFile(AsText(file.bytes), tokenizer, context), file.path));
  }
  return data;
}

// The section's own vocab_size, which stands at byte 8 of every kind.
absl::StatusOr<std::unique_ptr<const Tokenizer>> ParseSection(
    std::string_view section) {
  const ByteSpan bytes = AsBytes(section);
  const uint32_t vocab_size =
      bytes.size() < 12 ? 0 : LoadLittleEndian<uint32_t>(bytes.data() + 8);
  if (vocab_size > kMaxVocabSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid tokenizer section: vocab_size is ", vocab_size,
                     " (at most ", kMaxVocabSize, " to train)"));
  }
  return Tokenizer::Parse(bytes, vocab_size);
}

std::string DecimalOf(double value) {
  return FormatDecimal(static_cast<float>(value));
}

packager::TrainingNote NoteOf(const TrainingRecord& record, size_t texts,
                              size_t validation_texts) {
  packager::TrainingNote note;
  note.set_numerics(std::string(kTrainingNumericsVersion));
  note.set_trained_parameters(record.trained_parameters);
  note.set_texts(texts);
  note.set_validation_texts(validation_texts);
  note.set_tokens(record.tokens);
  note.set_target_tokens(record.target_tokens);
  for (const LossPoint& point : record.curve) {
    packager::LossPoint* added = note.add_curve();
    added->set_step(point.step);
    added->set_loss(DecimalOf(point.loss));
    if (!point.validation_loss.has_value()) continue;
    added->set_validation_loss(DecimalOf(*point.validation_loss));
  }
  note.set_final_loss(note.curve().rbegin()->loss());
  note.set_final_validation_loss(note.curve().rbegin()->validation_loss());
  return note;
}

// Trains `model` in place.
absl::StatusOr<packager::TrainingNote> TrainOnFiles(
    const TrainingSettings& settings, const TrainingFiles& files,
    const Tokenizer& tokenizer, const TrainingRun& run, TrainedModel& model) {
  if (files.data.empty()) {
    return absl::InvalidArgumentError(
        "Missing training data: no files (expected 1 or more)");
  }
  const uint32_t context = model.shape.max_context;
  PEDIGREE_ASSIGN_OR_RETURN(const TrainingData data,
                            ReadData(files.data, tokenizer, context));
  PEDIGREE_ASSIGN_OR_RETURN(const TrainingData validation,
                            ReadData(files.validation, tokenizer, context));
  ThreadPool pool(run.threads == 0 ? AvailableThreads() : run.threads);
  PEDIGREE_ASSIGN_OR_RETURN(
      const TrainingRecord record,
      Train(settings, data, validation, &pool,
            run.target.value_or(BestTarget()), run.report, &model));
  return NoteOf(record, data.size(), validation.size());
}

}  // namespace

absl::StatusOr<TrainedFile> TrainModel(
    const packager::TrainingConfig& config,
    const std::optional<SourceFile>& tokenizer_file,
    const TrainingFiles& files, const TrainingRun& run) {
  PEDIGREE_ASSIGN_OR_RETURN(const TrainingSettings settings,
                            ReadTrainingConfig(config));
  if (!settings.shape.has_value()) {
    return absl::InvalidArgumentError(
        "Invalid training config: factors (a model from scratch has a shape)");
  }
  ModelWeights weights;
  weights.shape = *settings.shape;
  weights.tokenizer_section =
      tokenizer_file.has_value() ? std::string(AsText(tokenizer_file->bytes))
                                 : WriteBtok();
  absl::StatusOr<std::unique_ptr<const Tokenizer>> tokenizer =
      ParseSection(weights.tokenizer_section);
  if (!tokenizer.ok()) {
    return AnnotateWithPath(tokenizer.status(), tokenizer_file->path);
  }
  weights.shape.vocab_size = (*tokenizer)->vocab_size();
  TrainedModel model = InitialModel(weights.shape, settings.seed);
  TrainedFile trained;
  PEDIGREE_ASSIGN_OR_RETURN(
      trained.note, TrainOnFiles(settings, files, **tokenizer, run, model));
  for (TrainedTensor& tensor : model.tensors) {
    weights.tensors.push_back(std::move(tensor.weights));
  }
  PEDIGREE_ASSIGN_OR_RETURN(StoredModel stored,
                            StoreModel(std::move(weights), {}));
  trained.bytes = std::move(stored.file_bytes);
  return trained;
}

absl::StatusOr<TrainedFile> TrainAdapter(const packager::TrainingConfig& config,
                                         const SlmReader& parent,
                                         const Digest& parent_digest,
                                         const TrainingFiles& files,
                                         const TrainingRun& run) {
  PEDIGREE_ASSIGN_OR_RETURN(const TrainingSettings settings,
                            ReadTrainingConfig(config));
  if (!settings.factors.has_value()) {
    return absl::InvalidArgumentError(
        "Invalid training config: shape (an adapter has factors)");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::unique_ptr<const Tokenizer> tokenizer,
                            Tokenizer::Parse(parent.tokenizer_section(),
                                             parent.shape().vocab_size));
  PEDIGREE_ASSIGN_OR_RETURN(
      TrainedModel model,
      ModelWithFactors(parent, *settings.factors, settings.seed));
  TrainedFile trained;
  PEDIGREE_ASSIGN_OR_RETURN(
      trained.note, TrainOnFiles(settings, files, *tokenizer, run, model));
  PEDIGREE_ASSIGN_OR_RETURN(
      trained.bytes,
      WriteAlr1(IdentityOf(parent, parent_digest), FactorDeltas(model)));
  return trained;
}

absl::StatusOr<std::string> TrainTokenizer(
    const packager::TokenizerTraining& config,
    const std::vector<SourceFile>& data) {
  PEDIGREE_ASSIGN_OR_RETURN(const PreSplit pre_split,
                            PreSplitByName(config.pre_split()));
  TokenizerTrainer trainer(pre_split);
  for (const SourceFile& file : data) {
    PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(
        ReadTrainingTexts(AsText(file.bytes),
                          [&trainer](const TrainingText& text) {
                            trainer.Add(text);
                            return absl::OkStatus();
                          }),
        file.path));
  }
  return trainer.Finish(config.vocab_size());
}

}  // namespace pedigree
