#include "packager/adapter_writer.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/model/low_rank.h"

namespace pedigree {
namespace {

ParentIdentity Parent() {
  ParentIdentity parent;
  parent.model_flags = 1;
  parent.tensor_count = 11;
  parent.parameter_count = 554;
  parent.tensor_layout_checksum = 0x1122334455667788;
  parent.tokenizer_checksum = 0x99aabbccddeeff00;
  parent.model_digest = Sha256("a model");
  return parent;
}

std::vector<DenseDelta> Deltas() {
  return {{{"a.weight", 2, {2, 3, 0, 0}}, {1, 2, 3, 4, 5, 6}},
          {{"b.weight", 1, {2, 0, 0, 0}}, {-1, 0}}};
}

TEST(AdapterWriterTest, WritesWhatTheReaderGivesBack) {
  const auto file = WriteAdp1(Parent(), Deltas());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->size() % 64, 0u);
  const auto adapter = AdapterReader::Parse(AsBytes(*file));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(adapter->parent().parameter_count, 554u);
  EXPECT_EQ(adapter->parent().tensor_layout_checksum, 0x1122334455667788u);
  EXPECT_EQ(adapter->parent().tokenizer_checksum, 0x99aabbccddeeff00u);
  EXPECT_EQ(adapter->parent().model_digest, Sha256("a model"));
  ASSERT_EQ(adapter->payloads().size(), 2u);
  EXPECT_EQ(adapter->payloads()[0].name_hash, TensorNameHash("a.weight"));
  EXPECT_EQ(adapter->payloads()[0].deltas, Deltas()[0].values);
  EXPECT_EQ(adapter->payloads()[1].rank, 1u);
  EXPECT_EQ(adapter->payloads()[1].deltas, Deltas()[1].values);
}

TEST(AdapterWriterTest, WritesSparseDeltas) {
  const auto file = WriteAsp1(
      Parent(), {{{"a.weight", 2, {2, 3, 0, 0}}, {0, 4, 5}, {1, 2, 3}},
                 {{"b.weight", 1, {2, 0, 0, 0}}, {1}, {-1}}});
  ASSERT_TRUE(file.ok()) << file.status();
  const auto adapter = AdapterReader::Parse(AsBytes(*file));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(adapter->kind(), AdapterKind::kSparse);
  EXPECT_EQ(adapter->parent().model_digest, Sha256("a model"));
  ASSERT_EQ(adapter->payloads().size(), 2u);
  EXPECT_EQ(adapter->payloads()[0].indices, (std::vector<uint32_t>{0, 4, 5}));
  EXPECT_EQ(adapter->payloads()[0].deltas, (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(adapter->payloads()[1].indices, (std::vector<uint32_t>{1}));
  EXPECT_EQ(adapter->payloads()[1].deltas, (std::vector<float>{-1}));
}

TEST(AdapterWriterTest, WritesLowRankFactors) {
  const auto file = WriteAlr1(Parent(), {{{"a.weight", 2, {2, 3, 0, 0}},
                                          2,
                                          0.5f,
                                          {1, 2, 3, 4, 5, 6},
                                          {7, 8, 9, 10}}});
  ASSERT_TRUE(file.ok()) << file.status();
  const auto adapter = AdapterReader::Parse(AsBytes(*file));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(adapter->kind(), AdapterKind::kLowRank);
  ASSERT_EQ(adapter->payloads().size(), 1u);
  const LowRank& low_rank = adapter->payloads()[0].low_rank;
  EXPECT_EQ(low_rank.rank, 2u);
  EXPECT_EQ(low_rank.scale, 0.5f);
  EXPECT_EQ(low_rank.a, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(low_rank.b, (std::vector<float>{7, 8, 9, 10}));
}

TEST(AdapterWriterTest, EqualDeltasAreEqualBytes) {
  EXPECT_EQ(WriteAdp1(Parent(), Deltas()).value(),
            WriteAdp1(Parent(), Deltas()).value());
}

TEST(AdapterWriterTest, RefusesAnAdapterWithoutDeltas) {
  EXPECT_EQ(WriteAdp1(Parent(), {}).status().message(),
            "Invalid adapter: payload_count is 0 (must be at least 1)");
}

TEST(AdapterWriterTest, RefusesAWrongCount) {
  std::vector<DenseDelta> deltas = Deltas();
  deltas[0].values.pop_back();
  const absl::Status status = WriteAdp1(Parent(), deltas).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "Invalid adapter: payload 0 has first_length 20 (expected 24)");
  const TensorSpec tensor = {"a.weight", 2, {2, 3, 0, 0}};
  EXPECT_EQ(WriteAsp1(Parent(), {{tensor, {0, 1}, {1}}}).status().message(),
            "Invalid adapter: payload 0 has second_length 4 (expected 8)");
  EXPECT_EQ(
      WriteAlr1(Parent(), {{tensor, 1, 1, {1, 2, 3}, {1}}}).status().message(),
      "Invalid adapter: payload 0 has second_length 4 (expected 8)");
}

TEST(AdapterWriterTest, RefusesAnEmptySparsePayload) {
  EXPECT_EQ(
      WriteAsp1(Parent(), {{{"b.weight", 1, {2, 0, 0, 0}}, {}, {}}})
          .status()
          .message(),
      "Invalid adapter: payload 0 has first_length 0 (must be a positive "
      "multiple of 4)");
}

TEST(AdapterWriterTest, RefusesARepeatedTensor) {
  std::vector<DenseDelta> deltas = Deltas();
  deltas[1].tensor.name = "a.weight";
  const absl::Status status = WriteAdp1(Parent(), deltas).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "Invalid adapter: payloads 0 and 1 have the same name hash "
            "0xde73ae9d17c13f4e");
}

TEST(AdapterWriterTest, RefusesValuesThatAreNotFinite) {
  std::vector<DenseDelta> deltas = Deltas();
  deltas[1].values[1] = -std::numeric_limits<float>::infinity();
  const absl::Status status = WriteAdp1(Parent(), deltas).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "Invalid adapter: payload 1 has delta -inf at index 1 (must be "
            "finite)");
}

}  // namespace
}  // namespace pedigree
