#include "packager/adapter_diff.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "packager/testing.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_format.h"

namespace pedigree {
namespace {

std::string ModelOf(const std::string& from, const std::string& to) {
  return RunForTest(
      "import", TestConfig("mock", "f32"),
      {TestInput("spec", absl::StrReplaceAll(kTestModelSpec, {{from, to}}))});
}

absl::StatusOr<AdapterDiff> Diff(const std::string& parent,
                                 const std::string& child, AdapterKind kind) {
  return DiffModels(*SlmReader::Parse(AsBytes(parent)), Sha256(parent),
                    *SlmReader::Parse(AsBytes(child)), kind);
}

// `model` with `adapter` folded in.
std::string Fused(const std::string& model, const std::string& adapter) {
  return RunForTest(
      "fuse", {}, {TestInput("model", model), TestInput("adapter", adapter)});
}

TEST(DiffModelsTest, LeadsToTheChildByteForByte) {
  const std::string parent = TestModel();
  const std::string child = Fused(parent, TestAdapter(parent));
  for (const AdapterKind kind : {AdapterKind::kDense, AdapterKind::kSparse}) {
    const auto diff = Diff(parent, child, kind);
    ASSERT_TRUE(diff.ok()) << diff.status();
    EXPECT_EQ(diff->figures.inexact_values, 0u);
    EXPECT_EQ(diff->figures.largest_error, 0);
    EXPECT_EQ(Fused(parent, diff->adapter), child);
  }
}

TEST(DiffModelsTest, HoldsOnlyWhatChanged) {
  const std::string parent = TestModel();
  const std::string child = Fused(parent, TestAdapter(parent));
  const auto dense = Diff(parent, child, AdapterKind::kDense);
  ASSERT_TRUE(dense.ok());
  const AdapterReader reader = *AdapterReader::Parse(AsBytes(dense->adapter));
  ASSERT_EQ(reader.payloads().size(), 2u);
  EXPECT_EQ(reader.payloads()[0].name_hash, TensorNameHash("norm.weight"));
  EXPECT_EQ(reader.payloads()[1].name_hash, TensorNameHash("output.weight"));
  const auto sparse = Diff(parent, child, AdapterKind::kSparse);
  ASSERT_TRUE(sparse.ok());
  const AdapterReader few = *AdapterReader::Parse(AsBytes(sparse->adapter));
  // One element of the norm, four rows of the output.
  EXPECT_EQ(few.payloads()[0].indices.size(), 1u);
  EXPECT_EQ(sparse->figures.changed_values,
            1 + few.payloads()[1].indices.size());
}

// Weights of another seed have all ratios, so that some deltas are rounded
// away; none by more than the parent's last place.
TEST(DiffModelsTest, CountsWhatNoDeltaReaches) {
  const std::string parent = TestModel();
  const std::string child = ModelOf("seed: 3", "seed: 4");
  const auto diff = Diff(parent, child, AdapterKind::kDense);
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_GT(diff->figures.changed_values, 40000u);
  EXPECT_GT(diff->figures.inexact_values, 0u);
  EXPECT_GT(diff->figures.largest_error, 0);
  EXPECT_LT(diff->figures.largest_error, 0x1p-22f);
  // Of the result the figures tell the truth.
  const auto rest =
      Diff(Fused(parent, diff->adapter), child, AdapterKind::kSparse);
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(rest->figures.changed_values, diff->figures.inexact_values);
}

TEST(DiffModelsTest, OfAQuantizedParentLeadsToTheChildsValues) {
  const std::string parent = TestModel("q8_0");
  const std::string child = TestModel("f32");
  const auto diff = Diff(parent, child, AdapterKind::kDense);
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->figures.inexact_values, 0u);
}

TEST(DiffModelsTest, RefusesEqualModelsAndOtherShapes) {
  const std::string model = TestModel();
  EXPECT_EQ(Diff(model, model, AdapterKind::kDense).status().message(),
            "Invalid difference: both models have the same values");
  EXPECT_EQ(Diff(model, ModelOf("layer_count: 2", "layer_count: 1"),
                 AdapterKind::kDense)
                .status()
                .message(),
            "Models differ: layer_count 2, 1");
}

}  // namespace
}  // namespace pedigree
