// What SlmReader gives of a valid file. What it refuses, message by message, is
// in fixtures/slm/malformed and tested by //fixtures/gen.

#include "runtime/format/slm_reader.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

std::string ReadModel(const std::string& name) {
  const auto file = ReadFile("fixtures/slm/valid/" + name + ".slm");
  EXPECT_TRUE(file.ok()) << file.status();
  return file.value_or("");
}

TEST(SlmReaderTest, GivesHeaderTensorsAndIdentity) {
  const std::string file = ReadModel("tiny-f32");
  const auto model = SlmReader::Parse(AsBytes(file));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->flags(), kFlagTiedOutput);
  EXPECT_TRUE(model->shape().tied_output);
  EXPECT_EQ(model->shape().vocab_size, 260u);
  EXPECT_EQ(model->shape().hidden_size, 2u);
  EXPECT_EQ(model->shape().rope_theta, 10000.0f);
  EXPECT_EQ(model->tokenizer_section().size(), 28u);
  EXPECT_EQ(model->specs().size(), 11u);
  EXPECT_EQ(model->parameter_count(), 554u);
  EXPECT_EQ(model->tokenizer_checksum(), Checksum(model->tokenizer_section()));
  EXPECT_EQ(model->checksum(), FileChecksum(AsBytes(file), 100));
}

TEST(SlmReaderTest, FindsTensorsByNameHash) {
  const std::string file = ReadModel("tiny-f32");
  const auto model = SlmReader::Parse(AsBytes(file));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->FindTensor(TensorNameHash("layers.0.wq.weight")), 2);
  EXPECT_EQ(model->FindTensor(TensorNameHash("output.weight")), -1);
}

TEST(SlmReaderTest, PointsIntoTheFile) {
  const std::string file = ReadModel("tiny-q8_0");
  const auto model = SlmReader::Parse(AsBytes(file));
  ASSERT_TRUE(model.ok()) << model.status();
  const TensorEntry& entry = model->entries()[2];
  EXPECT_EQ(model->payload(2).data(),
            AsBytes(file).data() + entry.byte_offset);
  EXPECT_EQ(model->payload(2).size(), 4u);
  EXPECT_EQ(reinterpret_cast<const char*>(model->scales(2).data()),
            file.data() + entry.scale_offset);
  EXPECT_EQ(model->scales(2).size(), 2u);
}

TEST(SlmReaderTest, AF32TensorHasNoScales) {
  const std::string file = ReadModel("tiny-f32");
  const auto model = SlmReader::Parse(AsBytes(file));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(model->scales(0).empty());
}

// So that an adapter serves a model and its quantised siblings.
TEST(SlmReaderTest, LayoutChecksumIgnoresHowValuesAreStored) {
  std::vector<uint64_t> checksums;
  for (const char* name : {"tiny-f32", "tiny-q8_0", "tiny-q4_0"}) {
    const std::string file = ReadModel(name);
    const auto model = SlmReader::Parse(AsBytes(file));
    ASSERT_TRUE(model.ok()) << model.status();
    checksums.push_back(model->tensor_layout_checksum());
  }
  EXPECT_EQ(checksums[0], checksums[1]);
  EXPECT_EQ(checksums[0], checksums[2]);
  const std::string other = ReadModel("tiny-mixed");
  const auto model = SlmReader::Parse(AsBytes(other));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_NE(checksums[0], model->tensor_layout_checksum());
}

TEST(SlmReaderTest, IgnoresHeaderBytesPast108) {
  std::string file = ReadModel("long-header");
  const auto model = SlmReader::Parse(AsBytes(file));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->shape().vocab_size, 260u);
}

TEST(SlmReaderTest, RefusesEachPrefixOfAValidFile) {
  for (const char* name : {"tiny-f32", "tiny-q8_0", "tiny-q4_0"}) {
    const std::string file = ReadModel(name);
    for (size_t size = 0; size < file.size(); ++size) {
      EXPECT_FALSE(SlmReader::Parse(AsBytes(file).subspan(0, size)).ok())
          << name << " cut to " << size;
    }
  }
}

TEST(SlmReaderTest, RefusesEachFlippedBitOfAValidFile) {
  std::string file = ReadModel("tiny-f32");
  for (size_t i = 0; i < file.size() * 8; ++i) {
    file[i / 8] ^= static_cast<char>(1 << (i % 8));
    EXPECT_FALSE(SlmReader::Parse(AsBytes(file)).ok()) << "bit " << i;
    file[i / 8] ^= static_cast<char>(1 << (i % 8));
  }
}

TEST(SlmReaderTest, CarriesTheErrorCodesOfTheAbi) {
  const auto code_of = [](const std::string& name) {
    const auto file = ReadFile("fixtures/slm/malformed/" + name + ".slm");
    EXPECT_TRUE(file.ok()) << file.status();
    const std::vector<uint8_t> bytes(file->begin(), file->end());
    return GetErrorCode(SlmReader::Parse(bytes).status());
  };
  EXPECT_EQ(code_of("bad-magic"), ErrorCode::kInvalidModelMagic);
  EXPECT_EQ(code_of("bad-version"), ErrorCode::kUnsupportedModelVersion);
  EXPECT_EQ(code_of("bad-flags"), ErrorCode::kInvalidHeader);
  EXPECT_EQ(code_of("bad-reserved"), ErrorCode::kInvalidTensorDirectory);
  EXPECT_EQ(code_of("bad-name-hash-unknown"), ErrorCode::kMissingTensor);
  EXPECT_EQ(code_of("bad-dims-wrong"), ErrorCode::kShapeMismatch);
  EXPECT_EQ(code_of("bad-dtype-unknown"), ErrorCode::kUnsupportedDType);
  EXPECT_EQ(code_of("bad-checksum"), ErrorCode::kChecksumMismatch);
}

TEST(SlmReaderTest, RefusesAnAddressThatIsNotAligned) {
  const std::string file = "x" + ReadModel("tiny-f32");
  const absl::Status status =
      SlmReader::Parse(AsBytes(file).subspan(1)).status();
  EXPECT_EQ(status.message(),
            "Invalid .slm buffer: its address is not a multiple of 4");
}

}  // namespace
}  // namespace pedigree
