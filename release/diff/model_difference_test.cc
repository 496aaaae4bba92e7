#include "release/diff/model_difference.h"

#include <cstring>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/testing/tiny_model.h"

namespace pedigree {
namespace {

ModelDifference Compare(const std::string& a, const std::string& b) {
  const AlignedBytes aligned_a(a);
  const AlignedBytes aligned_b(b);
  const BorrowedBytes bytes_a(AsBytes(aligned_a.text()));
  const BorrowedBytes bytes_b(AsBytes(aligned_b.text()));
  const auto reader_a = ReadModel(bytes_a);
  const auto reader_b = ReadModel(bytes_b);
  EXPECT_TRUE(reader_a.ok()) << reader_a.status();
  EXPECT_TRUE(reader_b.ok()) << reader_b.status();
  return CompareModels(bytes_a, *reader_a, bytes_b, *reader_b);
}

std::string Model(DType dtype, bool tied_output = false) {
  TinyModelOptions options;
  options.dtype = dtype;
  options.tied_output = tied_output;
  return TinyModel(options);
}

TensorEntry EntryOf(const std::string& model, std::string_view name) {
  const AlignedBytes aligned(model);
  const auto reader = ReadModel(BorrowedBytes(AsBytes(aligned.text())));
  EXPECT_TRUE(reader.ok());
  return reader->entries()[reader->FindTensor(TensorNameHash(name))];
}

void SetFloat(size_t offset, float value, std::string& bytes) {
  std::memcpy(&bytes[offset], &value, sizeof(value));
}

TEST(ModelDifferenceTest, EqualModelsHaveNone) {
  const std::string model = Model(DType::kF32);
  const ModelDifference difference = Compare(model, model);
  EXPECT_GT(difference.tensors, 10u);
  EXPECT_TRUE(difference.differing.empty());
  EXPECT_TRUE(difference.header.empty());
  EXPECT_FALSE(difference.tokenizer.has_value());
}

TEST(ModelDifferenceTest, NamesTensorIndexAndBothValues) {
  const std::string a = Model(DType::kF32);
  std::string b = a;
  const TensorEntry entry = EntryOf(a, "layers.1.wq.weight");
  SetFloat(entry.byte_offset + 4 * 37, 7.5f, b);
  const ModelDifference difference = Compare(a, b);
  ASSERT_EQ(difference.differing.size(), 1u);
  const TensorDifference& tensor = difference.differing[0];
  EXPECT_EQ(tensor.name, "layers.1.wq.weight");
  EXPECT_EQ(tensor.form_a, "f32 [32, 32]");
  EXPECT_EQ(tensor.columns, 32u);
  ASSERT_TRUE(tensor.values.has_value());
  EXPECT_EQ(tensor.values->differing, 1u);
  EXPECT_EQ(tensor.values->values, 1024u);
  EXPECT_EQ(tensor.values->first.index, 37u);
  EXPECT_EQ(tensor.values->first.b, 7.5f);
}

TEST(ModelDifferenceTest, ComparesQuantisedValuesAsTheyStandAndAsTheyCount) {
  const std::string a = Model(DType::kQ8_0);
  std::string b = a;
  const TensorEntry entry = EntryOf(a, "layers.0.w1.weight");
  b[entry.byte_offset + 3] ^= 1;
  SetFloat(entry.scale_offset + 4 * 2, 0.5f, b);
  const ModelDifference difference = Compare(a, b);
  ASSERT_EQ(difference.differing.size(), 1u);
  const TensorDifference& tensor = difference.differing[0];
  EXPECT_EQ(tensor.stored_bytes, 1u);
  EXPECT_EQ(tensor.stored_scales, 1u);
  // The weight, and those of the row whose scale it is that are not zero.
  EXPECT_GT(tensor.values->differing, 16u);
  EXPECT_EQ(tensor.values->first.index, 3u);
}

TEST(ModelDifferenceTest, ComparesValuesOfDifferentStorage) {
  const ModelDifference difference =
      Compare(Model(DType::kF32), Model(DType::kQ4_0));
  ASSERT_FALSE(difference.differing.empty());
  const TensorDifference& tensor = difference.differing[0];
  EXPECT_EQ(tensor.form_a, "f32 [260, 32]");
  EXPECT_EQ(tensor.form_b, "q4_0/32 [260, 32]");
  EXPECT_TRUE(tensor.values.has_value());
  EXPECT_FALSE(tensor.stored_bytes.has_value());
}

TEST(ModelDifferenceTest, NamesTensorsThatOneModelLacks) {
  const ModelDifference difference =
      Compare(Model(DType::kF32, /*tied_output=*/true), Model(DType::kF32));
  ASSERT_FALSE(difference.differing.empty());
  const TensorDifference& tensor = difference.differing.back();
  EXPECT_EQ(tensor.name, "output.weight");
  EXPECT_EQ(tensor.form_a, "");
  EXPECT_EQ(tensor.form_b, "f32 [260, 32]");
  EXPECT_FALSE(tensor.values.has_value());
  EXPECT_FALSE(difference.header.empty());
}

TEST(ModelDifferenceTest, ComparesModelsWithValuesThatAreNone) {
  const std::string a = Model(DType::kF32);
  std::string b = a;
  SetFloat(EntryOf(a, "norm.weight").byte_offset,
           std::numeric_limits<float>::quiet_NaN(), b);
  const ModelDifference difference = Compare(a, b);
  ASSERT_EQ(difference.differing.size(), 1u);
  EXPECT_EQ(difference.differing[0].values->first.index, 0u);
}

TEST(ModelDifferenceTest, RefusesWhatIsNoModel) {
  EXPECT_FALSE(ReadModel(BorrowedBytes(AsBytes("SLM1"))).ok());
}

}  // namespace
}  // namespace pedigree
