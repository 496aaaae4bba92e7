#include "runtime/conformance/generations.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/kernels/target.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

class RandomModelTest : public testing::TestWithParam<size_t> {};

TEST_P(RandomModelTest, AllLogitsEqualTheReferenceHoweverItRuns) {
  ThreadPool pool(7);
  ASSERT_EQ(pool.size(), 7);
  const AlignedBytes file(RandomModel(GetParam()));
  const std::vector<Target> targets = SupportedTargets();
  const absl::StatusOr<GenerationReport> report =
      RunGenerations(AsBytes(file.text()), "", targets, pool);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->difference, "");
  EXPECT_EQ(report->positions, 530u);
  // Threads x batches x as stored and packed.
  EXPECT_EQ(report->runs, targets.size() * 4 * 4 * 2);
}

INSTANTIATE_TEST_SUITE_P(AllTypes, RandomModelTest,
                         testing::Range(size_t{0}, RandomModelNames().size()));

TEST(GenerationsTest, TakeAPromptAndTheWholeOfAShortContext) {
  TinyModelOptions options;
  options.max_context = 40;
  const AlignedBytes file(TinyModel(options));
  ThreadPool pool(1);
  const absl::StatusOr<GenerationReport> report = RunGenerations(
      AsBytes(file.text()), "Once", SupportedTargets(), pool);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->difference, "");
  EXPECT_EQ(report->positions, 40u);
  EXPECT_EQ(report->runs, SupportedTargets().size() * 4 * 2);
}

TEST(GenerationsTest, RefuseAContextThatLeavesNoPrompt) {
  TinyModelOptions options;
  options.max_context = 16;
  const AlignedBytes file(TinyModel(options));
  ThreadPool pool(1);
  const absl::StatusOr<GenerationReport> report =
      RunGenerations(AsBytes(file.text()), "", {}, pool);
  EXPECT_EQ(report.status().message(),
            "Context of 16 is too short (want 17)");
}

}  // namespace
}  // namespace pedigree
