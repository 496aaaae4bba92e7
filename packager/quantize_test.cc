#include "packager/quantize.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

constexpr float kTiniest = std::numeric_limits<float>::denorm_min();

std::vector<int> SignedBytes(const std::string& payload) {
  return std::vector<int>(payload.begin(), payload.end());
}

// Nibbles, low first.
std::vector<int> Nibbles(const std::string& payload) {
  std::vector<int> nibbles;
  for (unsigned char byte : payload) {
    nibbles.push_back(byte & 15);
    nibbles.push_back(byte >> 4);
  }
  return nibbles;
}

TensorSpec Matrix(uint32_t rows, uint32_t columns) {
  return {"matrix", 2, {rows, columns, 0, 0}};
}

TEST(StoreTensorTest, Q8RoundsHalfToEvenAndScalesByTheLargest) {
  const std::vector<float> values = {127.0f, 0.5f, 1.5f, -2.5f, -127.0f, 3.4f};
  const TensorData data = StoreTensor(values, 6, DType::kQ8_0, 6);
  EXPECT_EQ(data.scales, std::vector<float>({1.0f}));
  EXPECT_EQ(SignedBytes(data.payload),
            std::vector<int>({127, 0, 2, -2, -127, 3}));
}

TEST(StoreTensorTest, Q8ScalesEachRowOnItsOwn) {
  const std::vector<float> values = {127.0f, -127.0f, 254.0f, 2.0f};
  const TensorData data = StoreTensor(values, 2, DType::kQ8_0, 2);
  EXPECT_EQ(data.scales, std::vector<float>({1.0f, 2.0f}));
  EXPECT_EQ(SignedBytes(data.payload), std::vector<int>({127, -127, 127, 1}));
}

TEST(StoreTensorTest, Q8BlocksCoverColumnsOfOneRow) {
  std::vector<float> values(64, 127.0f);
  values[32] = 254.0f;
  const TensorData data = StoreTensor(values, 64, DType::kQ8_0, 32);
  EXPECT_EQ(data.scales, std::vector<float>({1.0f, 2.0f}));
  EXPECT_EQ(data.payload[31], 127);
  EXPECT_EQ(data.payload[32], 127);
  EXPECT_EQ(data.payload[33], 64);  // 63.5 rounds to even
}

TEST(StoreTensorTest, ZeroGroupsHaveScaleOne) {
  const std::vector<float> zeros(32, -0.0f);
  for (DType dtype : {DType::kQ8_0, DType::kQ4_0}) {
    const TensorData data = StoreTensor(zeros, 32, dtype, 32);
    EXPECT_EQ(data.scales, std::vector<float>({1.0f}));
    EXPECT_EQ(data.payload, std::string(data.payload.size(), '\0'));
  }
}

TEST(StoreTensorTest, ScalesThatUnderflowGiveZerosAndScaleOne) {
  std::vector<float> values(32, 3 * kTiniest);
  for (DType dtype : {DType::kQ8_0, DType::kQ4_0}) {
    const TensorData data = StoreTensor(values, 32, dtype, 32);
    EXPECT_EQ(data.scales, std::vector<float>({1.0f}));
    EXPECT_EQ(data.payload, std::string(data.payload.size(), '\0'));
  }
}

TEST(StoreTensorTest, SubnormalScalesClamp) {
  std::vector<float> values(32, 0.0f);
  values[0] = 190 * kTiniest;  // scale rounds to 1 x the smallest subnormal
  const TensorData data = StoreTensor(values, 32, DType::kQ8_0, 32);
  EXPECT_EQ(data.scales, std::vector<float>({kTiniest}));
  EXPECT_EQ(data.payload[0], 127);
}

TEST(StoreTensorTest, Q4PutsTheLargestAtMinusEight) {
  std::vector<float> values(32, 0.0f);
  values[0] = 8.0f;
  values[1] = -8.0f;
  values[2] = 2.5f;
  values[3] = -7.0f;
  const TensorData data = StoreTensor(values, 32, DType::kQ4_0, 32);
  EXPECT_EQ(data.scales, std::vector<float>({-1.0f}));
  const std::vector<int> nibbles = Nibbles(data.payload);
  EXPECT_EQ(nibbles[0], 8);   // -8 x -1
  EXPECT_EQ(nibbles[1], 7);   // clamped
  EXPECT_EQ(nibbles[2], 14);  // -2.5 rounds to -2
  EXPECT_EQ(nibbles[3], 7);
}

TEST(StoreTensorTest, Q4ScaleIsPositiveWhenTheLargestIsNegative) {
  std::vector<float> values(32, 1.0f);
  values[5] = -4.0f;
  const TensorData data = StoreTensor(values, 32, DType::kQ4_0, 32);
  EXPECT_EQ(data.scales, std::vector<float>({0.5f}));
  EXPECT_EQ(Nibbles(data.payload)[5], 8);
  EXPECT_EQ(Nibbles(data.payload)[0], 2);
}

TEST(StoreTensorTest, Q4ScalesOfBlocksAreHalves) {
  std::vector<float> values(64, 0.0f);
  values[0] = -1.001f;
  values[1] = 0.4381f;  // 3.5004 steps of 0.125125; 3.504 of the half below it
  values[32] = -0x1p-23f;
  const TensorData data = StoreTensor(values, 64, DType::kQ4_0, 32);
  // The half next to 0.125125; 2^-26 goes to zero, so to zeros and 1.
  EXPECT_EQ(data.scales, std::vector<float>({0.125122070f, 1.0f}));
  const std::vector<int> nibbles = Nibbles(data.payload);
  EXPECT_EQ(nibbles[0], 8);
  EXPECT_EQ(nibbles[1], 4);
  EXPECT_EQ(nibbles[32], 0);
}

TEST(StoreTensorTest, Q4ScalesThatHalvesWouldSpoilStayFloats) {
  for (const float size : {0x1p-8f, 8 * 65600.0f}) {
    std::vector<float> values(64, 0.0f);
    values[0] = -1.001f * size;
    const TensorData data = StoreTensor(values, 64, DType::kQ4_0, 32);
    EXPECT_EQ(data.scales[0], -1.001f * size / -8.0f);
  }
}

TEST(StoreTensorTest, OtherScalesAreNotRounded) {
  std::vector<float> values(64, 0.0f);
  values[0] = -1.001f;
  EXPECT_EQ(StoreTensor(values, 64, DType::kQ4_0, 64).scales[0],
            1.001f / 8.0f);
  EXPECT_EQ(StoreTensor(values, 64, DType::kQ8_0, 32).scales[0],
            1.001f / 127.0f);
}

TEST(ChooseStorageTest, KeepsRankOneAsF32) {
  const TensorSpec norm = {"norm.weight", 1, {64, 0, 0, 0}};
  const TensorStorageChoice choice = ChooseStorage(norm, {DType::kQ4_0, false});
  EXPECT_EQ(choice.dtype, DType::kF32);
  EXPECT_EQ(choice.block_size, 0u);
  EXPECT_EQ(choice.reason, "");
}

TEST(ChooseStorageTest, Q4NeedsWidthsOfWholeBlocks) {
  const TensorStorageChoice fits =
      ChooseStorage(Matrix(4, 64), {DType::kQ4_0, false});
  EXPECT_EQ(fits.dtype, DType::kQ4_0);
  EXPECT_EQ(fits.block_size, 32u);
  EXPECT_EQ(fits.reason, "");
  const TensorStorageChoice other =
      ChooseStorage(Matrix(4, 172), {DType::kQ4_0, false});
  EXPECT_EQ(other.dtype, DType::kQ8_0);
  EXPECT_EQ(other.block_size, 172u);
  EXPECT_EQ(other.reason, "width 172 is no multiple of 32");
}

TEST(ChooseStorageTest, TheFirstMatchHolds) {
  StorageRequest request{DType::kQ4_0, false};
  request.overrides = {{"*.w1.*", DType::kF32},
                       {"layers.[01].*", DType::kQ8_0}};
  const auto choose = [&](const char* name) {
    TensorSpec tensor = Matrix(4, 64);
    tensor.name = name;
    return ChooseStorage(tensor, request);
  };
  EXPECT_EQ(choose("layers.0.w1.weight").dtype, DType::kF32);
  EXPECT_EQ(choose("layers.0.w1.weight").reason, "asked for *.w1.*");
  EXPECT_EQ(choose("layers.1.w2.weight").dtype, DType::kQ8_0);
  EXPECT_EQ(choose("layers.1.w2.weight").reason, "asked for layers.[01].*");
  EXPECT_EQ(choose("layers.2.w2.weight").dtype, DType::kQ4_0);
  EXPECT_EQ(choose("layers.2.w2.weight").reason, "");
}

TEST(ChooseStorageTest, Q8BlocksFallBackToRows) {
  EXPECT_EQ(ChooseStorage(Matrix(4, 64), {DType::kQ8_0, false}).block_size,
            64u);
  EXPECT_EQ(ChooseStorage(Matrix(4, 64), {DType::kQ8_0, true}).block_size, 32u);
  const TensorStorageChoice other =
      ChooseStorage(Matrix(4, 172), {DType::kQ8_0, true});
  EXPECT_EQ(other.block_size, 172u);
  EXPECT_NE(other.reason, "");
}

// A model whose values are a ramp through every tensor.
std::string RampModel(const StorageRequest& request) {
  SlmContent content;
  content.shape = {false, 260, 4, 32, 1, 2, 1, 16, 40, 8, 10000.0f, 1e-5f};
  content.tokenizer_section = WriteBtok();
  for (const TensorSpec& tensor : CanonicalTensors(content.shape)) {
    std::vector<float> values(tensor.element_count());
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(static_cast<int>(i % 61) - 30) / 16;
    }
    const TensorStorageChoice choice = ChooseStorage(tensor, request);
    content.tensors.push_back(
        StoreTensor(values, tensor.columns(), choice.dtype, choice.block_size));
  }
  return *WriteSlm(content);
}

TEST(LoadTensorTest, ErrorsStayBelowHalfAStep) {
  const std::string f32_bytes = RampModel({});
  const SlmReader f32 = *SlmReader::Parse(AsBytes(f32_bytes));
  for (const StorageRequest& request :
       {StorageRequest{DType::kQ8_0, false}, StorageRequest{DType::kQ8_0, true},
        StorageRequest{DType::kQ4_0, false}}) {
    const std::string bytes = RampModel(request);
    const SlmReader model = *SlmReader::Parse(AsBytes(bytes));
    for (size_t t = 0; t < model.entries().size(); ++t) {
      const std::vector<float> expected = LoadTensor(ViewTensor(f32, t));
      const std::vector<float> actual = LoadTensor(ViewTensor(model, t));
      const bool q4 = model.entries()[t].dtype == DType::kQ4_0;
      // The largest magnitude is 30/16; q4_0 loses a whole step at +7.
      const float limit = q4 ? 1.875f / 8 : 1.875f / 127 / 2 * 1.0001f;
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_LE(std::fabs(expected[i] - actual[i]), limit)
            << model.specs()[t].name << " at " << i;
      }
    }
  }
}

TEST(LoadTensorTest, StoringWhatWasLoadedChangesNothing) {
  for (const StorageRequest& request :
       {StorageRequest{DType::kF32, false}, StorageRequest{DType::kQ8_0, true},
        StorageRequest{DType::kQ4_0, false}}) {
    const std::string bytes = RampModel(request);
    const SlmReader model = *SlmReader::Parse(AsBytes(bytes));
    for (size_t t = 0; t < model.entries().size(); ++t) {
      const TensorEntry& entry = model.entries()[t];
      const TensorData again =
          StoreTensor(LoadTensor(ViewTensor(model, t)), entry.columns(),
                      entry.dtype, entry.block_size);
      EXPECT_EQ(again.payload, AsText(model.payload(t)))
          << model.specs()[t].name;
    }
  }
}

}  // namespace
}  // namespace pedigree
