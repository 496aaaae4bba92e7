#include "release/diff/adapter_difference.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

AdapterDifference Compare(const std::string& a, const std::string& b) {
  const AlignedBytes aligned_a(a);
  const AlignedBytes aligned_b(b);
  const auto reader_a = AdapterReader::Parse(AsBytes(aligned_a.text()));
  const auto reader_b = AdapterReader::Parse(AsBytes(aligned_b.text()));
  EXPECT_TRUE(reader_a.ok()) << reader_a.status();
  EXPECT_TRUE(reader_b.ok()) << reader_b.status();
  return CompareAdapters(*reader_a, *reader_b, [](uint64_t name_hash) {
    for (const char* name : {"layers.0.wq.weight", "layers.0.wk.weight"}) {
      if (TensorNameHash(name) == name_hash) return std::string(name);
    }
    return absl::StrCat(name_hash);
  });
}

const std::string& Parent() {
  static const auto& model = *new std::string(TinyModel({}));
  return model;
}

std::vector<float> Deltas() { return RandomValues(3, 32 * 32, 1); }

TEST(AdapterDifferenceTest, EqualAdaptersHaveNone) {
  const std::string adapter =
      TinyAdapter(Parent(), {{"layers.0.wq.weight", Deltas()}});
  const AdapterDifference difference = Compare(adapter, adapter);
  EXPECT_EQ(difference.payloads, 1u);
  EXPECT_TRUE(difference.differing.empty());
  EXPECT_TRUE(difference.header.empty());
}

TEST(AdapterDifferenceTest, NamesTheDeltaThatDiffers) {
  std::vector<float> deltas = Deltas();
  const std::string a = TinyAdapter(Parent(), {{"layers.0.wq.weight", deltas}});
  deltas[99] = 3;
  const std::string b = TinyAdapter(Parent(), {{"layers.0.wq.weight", deltas}});
  const AdapterDifference difference = Compare(a, b);
  ASSERT_EQ(difference.differing.size(), 1u);
  EXPECT_EQ(difference.differing[0].tensor, "layers.0.wq.weight");
  EXPECT_EQ(difference.differing[0].form_a, "dense [32, 32]");
  EXPECT_EQ(difference.differing[0].deltas->first.index, 99u);
  EXPECT_EQ(difference.differing[0].deltas->differing, 1u);
}

TEST(AdapterDifferenceTest, TakesAbsentSparseDeltasForZero) {
  const AdapterDifference difference = Compare(
      TinySparseAdapter(Parent(), {{"layers.0.wk.weight", {2, 9}, {1, 4}}}),
      TinySparseAdapter(Parent(), {{"layers.0.wk.weight", {2, 7}, {1, 5}}}));
  ASSERT_EQ(difference.differing.size(), 1u);
  const ValueDifference& deltas = *difference.differing[0].deltas;
  EXPECT_EQ(deltas.values, 16u * 32u);
  EXPECT_EQ(deltas.differing, 2u);
  EXPECT_EQ(deltas.first.index, 7u);
  EXPECT_EQ(deltas.first.a, 0);
  EXPECT_EQ(deltas.first.b, 5);
  EXPECT_EQ(deltas.largest.index, 7u);
}

TEST(AdapterDifferenceTest, ComparesFactorsApart) {
  std::vector<float> b = RandomValues(5, 32 * 2, 1);
  const auto make = [&](float scale) {
    return TinyLowRankAdapter(Parent(), {{"layers.0.wq.weight", 2, scale,
                                          RandomValues(4, 2 * 32, 1), b}});
  };
  const std::string first = make(1);
  b[6] = 9;
  const AdapterDifference difference = Compare(first, make(2));
  ASSERT_EQ(difference.differing.size(), 1u);
  const PayloadDifference& payload = difference.differing[0];
  EXPECT_EQ(payload.form_a, "low-rank [32, 32], rank 2, scale 1");
  EXPECT_EQ(payload.form_b, "low-rank [32, 32], rank 2, scale 2");
  EXPECT_EQ(payload.factor_a->differing, 0u);
  EXPECT_EQ(payload.factor_b->first.index, 6u);
}

TEST(AdapterDifferenceTest, NamesPayloadsThatOneAdapterLacks) {
  const std::string a =
      TinyAdapter(Parent(), {{"layers.0.wq.weight", Deltas()}});
  const std::string b =
      TinySparseAdapter(Parent(), {{"layers.0.wk.weight", {1}, {1}}});
  const AdapterDifference difference = Compare(a, b);
  ASSERT_EQ(difference.differing.size(), 2u);
  EXPECT_EQ(difference.differing[0].form_b, "");
  EXPECT_EQ(difference.differing[1].form_a, "");
  EXPECT_EQ(difference.differing[1].form_b, "sparse [16, 32], 1 values");
  EXPECT_EQ(difference.header[0].place, "family");
}

TEST(AdapterDifferenceTest, SaysThatTheParentIsAnother) {
  TinyModelOptions other;
  other.seed = 2;
  const AdapterDifference difference = Compare(
      TinyAdapter(Parent(), {{"layers.0.wq.weight", Deltas()}}),
      TinyAdapter(TinyModel(other), {{"layers.0.wq.weight", Deltas()}}));
  ASSERT_FALSE(difference.header.empty());
  EXPECT_EQ(difference.header[0].place, "parent.model_digest");
}

}  // namespace
}  // namespace pedigree
