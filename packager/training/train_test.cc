#include "packager/training/train.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "packager/training/training_config.h"
#include "runtime/adapters/adapter_stack.h"
#include "runtime/base/bytes.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"
#include "runtime/kernels/target.h"
#include "runtime/model/model.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

constexpr char kModel[] = R"(
  schema_version: "pedigree.training_config.v1"
  shape { hidden_size: 32 layer_count: 2 head_count: 4 kv_head_count: 2
          ffn_size: 48 max_context: 16 }
  steps: 40  batch: 8  learning_rate: "0.01"  warmup_steps: 4  seed: 7
  weight_decay: "0.01"  report_every: 15
)";

constexpr char kAdapter[] = R"(
  schema_version: "pedigree.training_config.v1"
  factors { rank: 4 alpha: "8" targets: "wq" targets: "wv" targets: "w2" }
  steps: 30  batch: 8  learning_rate: "0.02"
)";

// Letters and their next one, or with `shift` the one behind that.
std::string Alphabet(int shift) {
  std::string lines;
  for (char c = 'a'; c < 'x'; ++c) {
    absl::StrAppend(&lines, "{\"prompt\":\"", std::string(1, c),
                    "\",\"answer\":\"",
                    std::string(1, static_cast<char>(c + shift)), "\"}\n");
  }
  return lines;
}

TrainingFiles Files(const std::string& data, const std::string* validation) {
  TrainingFiles files;
  files.data.push_back({"data.jsonl", AsBytes(data), nullptr});
  if (validation != nullptr) {
    files.validation.push_back(
        {"validation.jsonl", AsBytes(*validation), nullptr});
  }
  return files;
}

absl::StatusOr<TrainedFile> TrainTiny(const TrainingRun& run = {},
                                      std::string_view config = kModel,
                                      const std::string& data = Alphabet(1)) {
  return TrainModel(*ReadTrainingConfigText(config), std::nullopt,
                    Files(data, &data), run);
}

absl::StatusOr<TrainedFile> TrainTinyAdapter(const std::string& parent,
                                             const TrainingRun& run = {}) {
  const std::string data = Alphabet(2);
  const AlignedBytes bytes(parent);
  const SlmReader reader = *SlmReader::Parse(AsBytes(bytes.text()));
  return TrainAdapter(*ReadTrainingConfigText(kAdapter), reader,
                      Sha256(parent), Files(data, nullptr), run);
}

TEST(TrainTest, AModelLearnsItsData) {
  const TrainedFile trained = *TrainTiny();
  const packager::TrainingNote& note = trained.note;
  EXPECT_EQ(note.numerics(), "v1");
  EXPECT_EQ(note.texts(), 23u);
  EXPECT_EQ(note.validation_texts(), 23u);
  EXPECT_EQ(note.tokens(), 40u * 8 * 3);
  EXPECT_EQ(note.target_tokens(), 40u * 8 * 2);
  ASSERT_EQ(note.curve_size(), 3);
  EXPECT_EQ(note.curve(0).step(), 15u);
  EXPECT_EQ(note.curve(2).step(), 40u);
  EXPECT_EQ(note.final_loss(), note.curve(2).loss());
  EXPECT_GT(std::stod(note.curve(0).loss()), 1.5);
  EXPECT_LT(std::stod(note.final_loss()), 0.5);
  EXPECT_LT(std::stod(note.final_validation_loss()), 0.5);
  const AlignedBytes bytes(trained.bytes);
  const auto model = *Model::Load(AsBytes(bytes.text()));
  EXPECT_EQ(model->reader().parameter_count(), note.trained_parameters());
  EXPECT_EQ(model->tokenizer().kind(), "btok");
}

TEST(TrainTest, NeitherThreadsNorTargetChangeAByte) {
  const std::string expected = TrainTiny()->bytes;
  const std::string adapter = TrainTinyAdapter(expected)->bytes;
  for (const Target target : SupportedTargets()) {
    for (const int threads : {1, 2, 3}) {
      const TrainingRun run = {threads, target, nullptr};
      EXPECT_EQ(Sha256(TrainTiny(run)->bytes), Sha256(expected))
          << TargetName(target) << " " << threads;
      EXPECT_EQ(Sha256(TrainTinyAdapter(expected, run)->bytes),
                Sha256(adapter))
          << TargetName(target) << " " << threads;
    }
  }
}

// Recorded: other bytes are another version of training numerics.
TEST(TrainTest, BytesAreAsRecorded) {
  const std::string model = TrainTiny()->bytes;
  EXPECT_EQ(Sha256(model).ToString(), "sha256:9ac3a995e53d9b78e463223671ee82f86a6b7d2cf0feaa8398bc28a31c7ec1bc");
  EXPECT_EQ(Sha256(TrainTinyAdapter(model)->bytes).ToString(),
            "sha256:00a6bdc188b191882722981cd6552bf67257874cb18b3ccc75513ebcf78924bf");
}

TEST(TrainTest, AnAdapterFitsItsParentAndLearns) {
  const std::string parent = TrainTiny()->bytes;
  const TrainedFile adapter = *TrainTinyAdapter(parent);
  const AlignedBytes parent_bytes(parent);
  const AlignedBytes adapter_bytes(adapter.bytes);
  const auto model = *Model::Load(AsBytes(parent_bytes.text()));
  AdapterStack stack(*model);
  EXPECT_TRUE(stack.Apply(AsBytes(adapter_bytes.text())).ok());
  // wq, wv [16..32, 32] and w2 [32, 48] of two layers, rank 4.
  EXPECT_EQ(adapter.note.trained_parameters(),
            2u * 4 * ((32 + 32) + (16 + 32) + (32 + 48)));
  EXPECT_LT(std::stod(adapter.note.final_loss()),
            std::stod(adapter.note.curve(0).loss()) / 2);
}

TEST(TrainTest, RefusesAQuantisedParent) {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  EXPECT_EQ(TrainTinyAdapter(TinyModel(options)).status().message(),
            "Invalid parent: tok_embeddings.weight is q8_0 (adapters are "
            "trained on f32; they fit quantised siblings)");
}

TEST(TrainTest, RefusesAnAdaptersConfigForAModelAndBack) {
  EXPECT_EQ(TrainTiny({}, kAdapter).status().message(),
            "Invalid training config: factors (a model from scratch has a "
            "shape)");
}

TEST(TrainTest, NamesTheFileOfAFault) {
  EXPECT_EQ(TrainTiny({}, kModel, "{\"text\":\"far too long a text\"}")
                .status()
                .message(),
            "data.jsonl: Training text of 20 tokens exceeds max_context 16, "
            "line 1");
  EXPECT_EQ(TrainTiny({}, kModel, "").status().message(),
            "data.jsonl: Invalid training data: no texts (expected 1 or "
            "more)");
}

// Each step takes 100 times the weights away from the weights.
TEST(TrainTest, DivergenceNamesStepAndLoss) {
  const std::string config = absl::StrReplaceAll(
      kModel, {{"\"0.01\"  warmup", "\"10\"  warmup"},
               {"weight_decay: \"0.01\"",
                "clip_norm: \"0\" weight_decay: \"10\""}});
  const absl::Status status = TrainTiny({}, config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "Training diverged: an activation is not finite at step 5 (loss "
            "879483.56 in the step before)");
}

TEST(TrainTest, AMuchLargerLossIsDivergence) {
  const std::string config = absl::StrReplaceAll(
      kModel, {{"\"0.01\"  warmup", "\"10\"  warmup"},
               {"weight_decay: \"0.01\"", "weight_decay: \"1\""},
               {"report_every: 15", "report_every: 1"}});
  const std::string message(TrainTiny({}, config).status().message());
  EXPECT_EQ(message.substr(0, 29), "Training diverged: mean loss ") << message;
  EXPECT_NE(message.find(" up to step 1)"), std::string::npos) << message;
}

TEST(TrainTest, TellsOfEachStep) {
  TrainingRun run;
  std::vector<uint32_t> steps;
  run.report = [&steps](const TrainingProgress& progress) {
    steps.push_back(progress.step);
    EXPECT_EQ(progress.steps, 40u);
    EXPECT_EQ(progress.tokens, progress.step * 8u * 3);
  };
  ASSERT_TRUE(TrainTiny(run).ok());
  EXPECT_EQ(steps.size(), 40u);
}

TEST(TrainTest, RefusesATokenizerThatIsNone) {
  const std::string data = Alphabet(1);
  const std::string text = "no tokenizer";
  const absl::Status status =
      TrainModel(*ReadTrainingConfigText(kModel),
                 SourceFile{"words.tok", AsBytes(text), nullptr},
                 Files(data, nullptr), {})
          .status();
  EXPECT_EQ(status.message().substr(0, 10), "words.tok:") << status;
}

}  // namespace
}  // namespace pedigree
