// The bounds that docs/numerics.md and docs/notes/accuracy.md state, on every
// N-th of the inputs that the accuracy program goes through.

#include "runtime/bench/accuracy.h"

#include <cstdint>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

TEST(AccuracyTest, ExpFIsWithinOneUlp) {
  const UlpError error = ExpFError(97);
  EXPECT_GT(error.inputs, 20000000u);
  EXPECT_LE(error.largest, 1.0);
  EXPECT_GT(error.largest, 0.4);
}

TEST(AccuracyTest, EveryTargetHasTheSameExponential) {
  for (Target target : SupportedTargets()) {
    EXPECT_EQ(ExponentialDifferences(*FindKernels(target), 997), 0u)
        << TargetName(target);
  }
}

TEST(AccuracyTest, ExpIsWithinOneUlp) {
  EXPECT_LE(ExpError(200000).largest, 1.0);
}

TEST(AccuracyTest, RopeTurnsByTheNearestFloats) {
  const RopeError error = RopeErrors(997);
  EXPECT_GT(error.sine.inputs, 300000u);
  EXPECT_LE(error.sine.largest, 1.0);
  EXPECT_LE(error.cosine.largest, 1.0);
  EXPECT_LE(error.largest_absolute, 0x1p-52);
  // Rounded twice, so a tie may go the other way.
  EXPECT_LE(error.table.largest, 0.5 + 0x1p-28);
  EXPECT_LE(error.largest_table_absolute, 0x1p-24);
}

class LogitErrorTest : public testing::TestWithParam<int> {};

TEST_P(LogitErrorTest, StaysWithinTheBoundOfItsType) {
  const AccuracyModel model = MakeAccuracyModel(GetParam());
  const AlignedBytes file(model.file);
  const absl::StatusOr<LogitError> error =
      LogitErrors(AsBytes(file.text()), "");
  ASSERT_TRUE(error.ok()) << error.status();
  EXPECT_EQ(error->positions, 48u);
  // f32 differs by rounding alone, quantized types by that of activations to
  // eight bits.
  const bool exact_activations = model.type == "f32";
  EXPECT_LE(error->largest, exact_activations ? 2e-5 : 0.1)
      << model.name << ", " << model.type;
  EXPECT_LE(error->rms, exact_activations ? 5e-6 : 0.05);
  EXPECT_GT(error->rms, exact_activations ? 1e-9 : 1e-4);
}

INSTANTIATE_TEST_SUITE_P(AllModels, LogitErrorTest,
                         testing::Range(0, AccuracyModelCount()));

}  // namespace
}  // namespace pedigree
