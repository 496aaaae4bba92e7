#include "packager/training/training_config.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "packager/records.pb.h"

namespace pedigree {
namespace {

constexpr char kModel[] = R"(
  schema_version: "pedigree.training_config.v1"
  shape { hidden_size: 32 layer_count: 2 head_count: 4 ffn_size: 64
          max_context: 48 tied_output: true }
  steps: 50  batch: 4  learning_rate: "0.0030"  warmup_steps: 5  seed: 7
)";

constexpr char kAdapter[] = R"(
  schema_version: "pedigree.training_config.v1"
  factors { rank: 4 alpha: "8" targets: "wq" targets: "w2" }
  steps: 50  batch: 4  learning_rate: "1e-2"
)";

// `text` with `from` in place of `to`; the message of reading it.
std::string Refusal(std::string_view text, std::string_view from,
                    std::string_view to) {
  const std::string changed = absl::StrReplaceAll(text, {{from, to}});
  EXPECT_NE(changed, text) << from;
  return std::string(ReadTrainingConfigText(changed).status().message());
}

TEST(TrainingConfigTest, FillsInDefaults) {
  const packager::TrainingConfig config = *ReadTrainingConfigText(kModel);
  EXPECT_EQ(config.numerics(), "v1");
  EXPECT_EQ(config.learning_rate(), "0.003");
  EXPECT_EQ(config.last_learning_rate(), "0");
  EXPECT_EQ(config.beta1(), "0.9");
  EXPECT_EQ(config.clip_norm(), "1");
  EXPECT_EQ(config.report_every(), 3u);
  EXPECT_EQ(config.shape().kv_head_count(), 4u);
  EXPECT_EQ(config.shape().head_dim(), 8u);
  EXPECT_EQ(config.shape().rope_theta(), "10000");
}

TEST(TrainingConfigTest, ReadsSettings) {
  const TrainingSettings settings =
      *ReadTrainingConfig(*ReadTrainingConfigText(kModel));
  ASSERT_TRUE(settings.shape.has_value());
  EXPECT_EQ(settings.shape->head_dim, 8u);
  EXPECT_TRUE(settings.shape->tied_output);
  EXPECT_EQ(settings.schedule.peak, 0.003f);
  EXPECT_EQ(settings.schedule.warmup_steps, 5u);
  EXPECT_EQ(settings.optimizer.beta2, 0.99f);
  EXPECT_EQ(settings.seed, 7u);
  const TrainingSettings adapter =
      *ReadTrainingConfig(*ReadTrainingConfigText(kAdapter));
  ASSERT_TRUE(adapter.factors.has_value());
  EXPECT_EQ(adapter.factors->rank, 4u);
  EXPECT_EQ(adapter.factors->alpha, 8.0f);
  EXPECT_EQ(adapter.factors->targets.size(), 2u);
}

TEST(TrainingConfigTest, RefusesWhatIsMissingOrOutOfRange) {
  EXPECT_EQ(Refusal(kModel, "steps: 50", ""),
            "Invalid training config: steps is 0 (expected 1 to 10000000)");
  EXPECT_EQ(Refusal(kModel, "batch: 4", "batch: 70000"),
            "Invalid training config: batch is 70000 (expected 1 to 65536)");
  EXPECT_EQ(Refusal(kModel, "learning_rate: \"0.0030\"", ""),
            "Invalid training config: learning_rate is missing");
  EXPECT_EQ(Refusal(kModel, "\"0.0030\"", "\"-1\""),
            "Invalid training config: learning_rate -1 (expected above 0 to "
            "10)");
  EXPECT_EQ(Refusal(kModel, "warmup_steps: 5", "warmup_steps: 51"),
            "Invalid training config: warmup_steps is 51 (expected 0 to 50)");
  EXPECT_EQ(Refusal(kModel, "head_count: 4", "head_count: 5"),
            "Invalid training config: shape.head_dim is missing (hidden_size "
            "32 is no multiple of head_count 5)");
  EXPECT_EQ(Refusal(kModel, "ffn_size: 64", ""),
            "Invalid training config: shape.ffn_size is 0 (expected 1 to "
            "65536)");
  EXPECT_EQ(Refusal(kAdapter, "rank: 4", "rank: 0"),
            "Invalid training config: factors.rank is 0 (expected 1 to 4096)");
}

TEST(TrainingConfigTest, RefusesAShapeOfMoreParametersThanItTrains) {
  EXPECT_EQ(Refusal(kModel, "hidden_size: 32 layer_count: 2",
                    "hidden_size: 8192 layer_count: 65536"),
            "Invalid training config: shape has more than 2.68435e+08 "
            "parameters");
}

TEST(TrainingConfigTest, RefusesBothShapeAndFactorsAndNeither) {
  EXPECT_NE(Refusal(kModel, "steps: 50", "steps: 50 factors {}").find("both"),
            std::string::npos);
  EXPECT_NE(Refusal(kAdapter, "factors { rank: 4 alpha: \"8\" targets: \"wq\" "
                              "targets: \"w2\" }",
                    "")
                .find("neither"),
            std::string::npos);
}

TEST(TrainingConfigTest, RefusesUnknownFieldsAndVersions) {
  EXPECT_NE(Refusal(kModel, "seed: 7", "sead: 7"), "");
  EXPECT_EQ(ReadTrainingConfigText("numerics: \"v2\"").status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(TrainingConfigTest, RefusesADecimalWrittenAnotherWayInAReceipt) {
  packager::TrainingConfig config = *ReadTrainingConfigText(kModel);
  config.set_learning_rate("3e-3");
  EXPECT_EQ(ReadTrainingConfig(config).status().message(),
            "Invalid training config: learning_rate \"3e-3\" is not written "
            "as \"0.003\"");
}

}  // namespace
}  // namespace pedigree
