// What AdapterReader gives of a valid file. What it refuses, message by
// message, is in fixtures/adapters/malformed and tested by //fixtures/gen.

#include "runtime/adapters/adapter_reader.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

std::string Read(const std::string& path) {
  const auto file = ReadFile("fixtures/" + path);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.value_or("");
}

TEST(AdapterReaderTest, GivesTheParentsIdentity) {
  const std::string file = Read("adapters/valid/tiny-dense.adapter");
  const std::string parent_file = Read("slm/valid/tiny-f32.slm");
  const auto adapter = AdapterReader::Parse(AsBytes(file));
  const auto parent = SlmReader::Parse(AsBytes(parent_file));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  ASSERT_TRUE(parent.ok()) << parent.status();
  const ParentIdentity& identity = adapter->parent();
  EXPECT_EQ(identity.model_flags, parent->flags());
  EXPECT_EQ(identity.tensor_count, parent->specs().size());
  EXPECT_EQ(identity.parameter_count, parent->parameter_count());
  EXPECT_EQ(identity.tensor_layout_checksum,
            parent->tensor_layout_checksum());
  EXPECT_EQ(identity.tokenizer_checksum, parent->tokenizer_checksum());
  EXPECT_EQ(identity.model_digest, Sha256(parent_file));
}

TEST(AdapterReaderTest, GivesDensePayloadsInTheFilesOrder) {
  const std::string file = Read("adapters/valid/tiny-dense.adapter");
  const auto adapter = AdapterReader::Parse(AsBytes(file));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(adapter->kind(), AdapterKind::kDense);
  ASSERT_EQ(adapter->payloads().size(), 2u);
  const AdapterPayload& wq = adapter->payloads()[0];
  EXPECT_EQ(wq.name_hash, TensorNameHash("layers.0.wq.weight"));
  EXPECT_EQ(wq.kind, AdapterKind::kDense);
  EXPECT_EQ(wq.rank, 2u);
  EXPECT_EQ(wq.dims, (std::array<uint32_t, 4>{2, 2, 0, 0}));
  EXPECT_EQ(wq.value_count(), 4u);
  EXPECT_EQ(wq.deltas, (std::vector<float>{.125f, .25f, .375f, .5f}));
  const AdapterPayload& norm = adapter->payloads()[1];
  EXPECT_EQ(norm.name_hash, TensorNameHash("norm.weight"));
  EXPECT_EQ(norm.deltas, (std::vector<float>{.125f, .25f}));
}

TEST(AdapterReaderTest, GivesSparsePayloads) {
  const std::string file = Read("adapters/valid/tiny-sparse.adapter");
  const auto adapter = AdapterReader::Parse(AsBytes(file));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(adapter->kind(), AdapterKind::kSparse);
  ASSERT_EQ(adapter->payloads().size(), 2u);
  const AdapterPayload& wq = adapter->payloads()[0];
  EXPECT_EQ(wq.kind, AdapterKind::kSparse);
  EXPECT_EQ(wq.value_count(), 4u);
  EXPECT_EQ(wq.indices, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(wq.deltas, (std::vector<float>{.125f, .25f}));
  const AdapterPayload& norm = adapter->payloads()[1];
  EXPECT_EQ(norm.rank, 1u);
  EXPECT_EQ(norm.indices, (std::vector<uint32_t>{1}));
  EXPECT_EQ(norm.deltas, (std::vector<float>{.125f}));
}

TEST(AdapterReaderTest, GivesLowRankPayloads) {
  const std::string file = Read("adapters/valid/tiny-low-rank.adapter");
  const auto adapter = AdapterReader::Parse(AsBytes(file));
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  EXPECT_EQ(adapter->kind(), AdapterKind::kLowRank);
  ASSERT_EQ(adapter->payloads().size(), 2u);
  const AdapterPayload& wq = adapter->payloads()[0];
  EXPECT_EQ(wq.kind, AdapterKind::kLowRank);
  EXPECT_TRUE(wq.deltas.empty());
  EXPECT_EQ(wq.low_rank.rank, 1u);
  EXPECT_EQ(wq.low_rank.scale, 0.5f);
  EXPECT_EQ(wq.low_rank.a, (std::vector<float>{.125f, .25f}));
  EXPECT_EQ(wq.low_rank.b, (std::vector<float>{.125f, .25f}));
  const AdapterPayload& w2 = adapter->payloads()[1];
  EXPECT_EQ(w2.low_rank.rank, 2u);
  EXPECT_EQ(w2.low_rank.scale, -2.0f);
  EXPECT_EQ(w2.low_rank.a.size(), 4u);
  EXPECT_EQ(w2.low_rank.b.size(), 4u);
}

TEST(AdapterReaderTest, NamesKindsAndFamilies) {
  EXPECT_EQ(AdapterKindName(AdapterKind::kDense), "dense");
  EXPECT_EQ(AdapterKindName(AdapterKind::kLowRank), "low-rank");
  EXPECT_EQ(AdapterFamily(AdapterKind::kDense), "ADP1");
  EXPECT_EQ(AdapterFamily(AdapterKind::kSparse), "ASP1");
  EXPECT_EQ(AdapterFamily(AdapterKind::kLowRank), "ALR1");
  EXPECT_EQ(FindAdapterFamily("ALR1"), AdapterKind::kLowRank);
  EXPECT_EQ(FindAdapterFamily("ADP2"), std::nullopt);
}

TEST(AdapterReaderTest, RefusesEachPrefixAndEachFlippedBit) {
  for (const std::string name : {"dense", "sparse", "low-rank"}) {
    std::string file = Read("adapters/valid/tiny-" + name + ".adapter");
    for (size_t size = 0; size < file.size(); ++size) {
      EXPECT_FALSE(AdapterReader::Parse(AsBytes(file).subspan(0, size)).ok())
          << name << " cut to " << size;
    }
    for (size_t i = 0; i < file.size() * 8; ++i) {
      file[i / 8] ^= static_cast<char>(1 << (i % 8));
      EXPECT_FALSE(AdapterReader::Parse(AsBytes(file)).ok())
          << name << " bit " << i;
      file[i / 8] ^= static_cast<char>(1 << (i % 8));
    }
  }
}

TEST(AdapterReaderTest, CarriesTheErrorCodesOfTheAbi) {
  const auto status_of = [](const std::string& name) {
    const std::string file = Read("adapters/malformed/" + name + ".adapter");
    const std::vector<uint8_t> bytes(file.begin(), file.end());
    return AdapterReader::Parse(bytes).status();
  };
  EXPECT_EQ(GetErrorCode(status_of("bad-magic")), ErrorCode::kInvalidAdapter);
  EXPECT_EQ(GetErrorCode(status_of("bad-delta-nan")),
            ErrorCode::kAdapterPayloadInvalid);
  EXPECT_EQ(GetErrorCode(status_of("bad-checksum")),
            ErrorCode::kChecksumMismatch);
  EXPECT_EQ(GetErrorCode(status_of("bad-sparse-index-past-tensor")),
            ErrorCode::kAdapterPayloadInvalid);
  EXPECT_EQ(GetErrorCode(status_of("bad-low-rank-b-infinite")),
            ErrorCode::kAdapterPayloadInvalid);
  EXPECT_EQ(GetErrorCode(status_of("bad-low-rank-scale-nan")),
            ErrorCode::kInvalidAdapter);
  EXPECT_EQ(status_of("bad-version").code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace pedigree
