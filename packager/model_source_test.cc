#include "packager/model_source.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

TEST(EncodedBytesTest, CountsBlocks) {
  EXPECT_EQ(EncodedBytes(SourceEncoding::kF32, 3), 12u);
  EXPECT_EQ(EncodedBytes(SourceEncoding::kBF16, 3), 6u);
  EXPECT_EQ(EncodedBytes(SourceEncoding::kQ8Blocks, 64), 68u);
  EXPECT_EQ(EncodedBytes(SourceEncoding::kQ4Blocks, 64), 36u);
  EXPECT_EQ(EncodedBytes(SourceEncoding::kQ4Blocks, 48), 0u);
  EXPECT_EQ(EncodedBytes(SourceEncoding::kQ8Groups, 5), 5u);
}

std::vector<float> Read(const SourceTensor& tensor, uint64_t columns,
                        uint64_t first, uint64_t count) {
  std::vector<float> out(columns * count);
  ReadRows(tensor, columns, first, count, out.data());
  return out;
}

TEST(ReadRowsTest, ReadsFloats) {
  std::string bytes;
  for (const float value : {1.0f, -2.5f, 3.0f, 4.0f}) {
    AppendLittleEndian(value, bytes);
  }
  SourceTensor tensor;
  tensor.values = AsBytes(bytes);
  EXPECT_EQ(Read(tensor, 2, 1, 1), (std::vector<float>{3, 4}));
  EXPECT_EQ(Read(tensor, 2, 0, 2), (std::vector<float>{1, -2.5f, 3, 4}));
}

TEST(ReadRowsTest, ReadsHalvesAndBrainFloats) {
  std::string bytes;
  for (const uint16_t value : {0x3c00, 0xc000}) {
    AppendLittleEndian(value, bytes);
  }
  SourceTensor tensor;
  tensor.encoding = SourceEncoding::kF16;
  tensor.values = AsBytes(bytes);
  EXPECT_EQ(Read(tensor, 2, 0, 1), (std::vector<float>{1, -2}));
  tensor.encoding = SourceEncoding::kBF16;
  // 0x3c00 and 0xc000 as the upper halves of binary32.
  EXPECT_EQ(Read(tensor, 2, 0, 1), (std::vector<float>{0.0078125f, -2}));
}

TEST(ReadRowsTest, ReadsBlocks) {
  std::string q8;
  AppendLittleEndian(uint16_t{0x3800}, q8);  // 0.5
  std::string q4 = q8;
  for (int i = 0; i < 32; ++i) q8.push_back(static_cast<char>(i - 16));
  for (int i = 0; i < 16; ++i) {
    q4.push_back(static_cast<char>(i | ((15 - i) << 4)));
  }
  SourceTensor tensor;
  tensor.encoding = SourceEncoding::kQ8Blocks;
  tensor.values = AsBytes(q8);
  std::vector<float> values = Read(tensor, 32, 0, 1);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 0.5f * (i - 16)) << i;
  tensor.encoding = SourceEncoding::kQ4Blocks;
  tensor.values = AsBytes(q4);
  values = Read(tensor, 32, 0, 1);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(values[i], 0.5f * (i - 8)) << i;
    EXPECT_EQ(values[i + 16], 0.5f * (7 - i)) << i;
  }
}

TEST(ReadRowsTest, GroupsCountFromTheFirstRow) {
  const std::string q("\x01\x02\x03\xff\x05\x06", 6);
  std::string scales;
  for (const float scale : {1.0f, 10.0f, 100.0f}) {
    AppendLittleEndian(scale, scales);
  }
  SourceTensor tensor;
  tensor.encoding = SourceEncoding::kQ8Groups;
  tensor.group_size = 2;
  tensor.values = AsBytes(q);
  tensor.scales = AsBytes(scales);
  EXPECT_EQ(Read(tensor, 3, 0, 2),
            (std::vector<float>{1, 2, 30, -10, 500, 600}));
}

TEST(ReadRowsTest, FollowsTheRowMap) {
  std::string bytes;
  for (const float value : {1.0f, 2.0f, 3.0f}) AppendLittleEndian(value, bytes);
  SourceTensor tensor;
  tensor.values = AsBytes(bytes);
  tensor.rows = std::make_shared<const std::vector<int64_t>>(
      std::vector<int64_t>{2, kAbsentRow, 0, 2});
  EXPECT_EQ(Read(tensor, 1, 0, 4), (std::vector<float>{3, 0, 1, 3}));
  EXPECT_EQ(SourceRow(tensor, 0), 2);
}

TEST(IdMapTest, JoinsWhatFollowsOn) {
  const std::vector<TokenIdRange> map =
      IdMapOf({3, 4, 5, kAbsentRow, kAbsentRow, 0, 0, 1});
  ASSERT_EQ(map.size(), 4u);
  EXPECT_EQ(map[0].count, 3u);
  EXPECT_EQ(map[0].source_first_id, 3u);
  EXPECT_TRUE(map[1].absent);
  EXPECT_EQ(map[1].count, 2u);
  EXPECT_EQ(map[2].first_id, 5u);
  EXPECT_EQ(map[2].count, 1u);
  EXPECT_EQ(map[3].count, 2u);
  EXPECT_EQ(map[3].source_first_id, 0u);
}

// Two heads of 6: a rotation of halves pairs row i with row i + 3.
TEST(RowsOfHalvesTest, PutsPairsSideBySide) {
  EXPECT_EQ(RowsOfHalves(2, 6),
            (std::vector<int64_t>{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}));
}

}  // namespace
}  // namespace pedigree
