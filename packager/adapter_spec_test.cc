#include "packager/adapter_spec.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "packager/mock_model.h"
#include "packager/quantize.h"
#include "packager/testing.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/model/low_rank.h"

namespace pedigree {
namespace {

constexpr char kSchema[] = "schema_version: \"pedigree.adapter_spec.v1\"\n";

class AdapterSpecTest : public testing::Test {
 protected:
  AdapterSpecTest()
      : model_bytes_(TestModel()),
        model_(*SlmReader::Parse(AsBytes(model_bytes_))),
        digest_(Sha256(model_bytes_)) {}

  absl::StatusOr<std::string> Make(const std::string& spec) {
    return MakeAdapter(absl::StrCat(kSchema, spec), model_, digest_);
  }

  std::string Message(const std::string& spec) {
    return std::string(Make(spec).status().message());
  }

  std::string model_bytes_;
  SlmReader model_;
  Digest digest_;
};

TEST_F(AdapterSpecTest, FitsItsParent) {
  const std::string bytes = *Make(R"pb(tensors {
                                         tensor: "norm.weight"
                                         elements { column: 1 delta: "2" }
                                       })pb");
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes));
  EXPECT_TRUE(ValidateAdapter(adapter, model_, digest_).ok());
  EXPECT_FALSE(ValidateAdapter(adapter, model_, Sha256("other")).ok());
}

TEST_F(AdapterSpecTest, AddsPatternElementsAndSequences) {
  const std::string bytes = *Make(R"pb(
    sequences { text: "pq" strength: "2" }
    tensors {
      tensor: "output.weight"
      pattern { seed: 9 scale: "0.5" }
      elements { row: 113 column: 2 delta: "0.25" }
      elements { row: 113 column: 2 delta: "0.25" }
    })pb");
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes));
  ASSERT_EQ(adapter.payloads().size(), 1u);
  const absl::Span<const float> deltas = adapter.payloads()[0].deltas;
  const auto embeddings = LoadTensor(ViewTensor(model_, 0));
  const size_t at = 113 * 64 + 2;  // 'q'
  float expected = 0.5f * MockUniform(9, "output.weight", at);
  expected += 0.25f;
  expected += 0.25f;
  expected += 2 * embeddings['p' * 64 + 2];
  EXPECT_EQ(deltas[at], expected);
  EXPECT_EQ(deltas[7], 0.5f * MockUniform(9, "output.weight", 7));
}

TEST_F(AdapterSpecTest, PayloadsAreInTheParentsOrder) {
  const std::string bytes = *Make(R"pb(
    tensors {
      tensor: "norm.weight"
      elements { column: 0 delta: "1" }
    }
    tensors {
      tensor: "layers.0.wq.weight"
      elements { row: 1 column: 0 delta: "1" }
    })pb");
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes));
  ASSERT_EQ(adapter.payloads().size(), 2u);
  EXPECT_EQ(adapter.payloads()[0].name_hash,
            TensorNameHash("layers.0.wq.weight"));
  EXPECT_EQ(adapter.payloads()[1].name_hash, TensorNameHash("norm.weight"));
}

TEST_F(AdapterSpecTest, SparseDeltasAreTheDenseOnesThatAreNotZero) {
  const std::string spec = R"pb(
    sequences { text: "pq" strength: "2" }
    tensors {
      tensor: "layers.0.wq.weight"
      pattern { seed: 9 scale: "0.5" every: 7 }
      elements { row: 1 column: 2 delta: "0.25" }
    })pb";
  const std::string dense_bytes = *Make(spec);
  const std::string sparse_bytes = *Make(spec + "family: \"ASP1\"");
  const AdapterReader dense = *AdapterReader::Parse(AsBytes(dense_bytes));
  const AdapterReader sparse = *AdapterReader::Parse(AsBytes(sparse_bytes));
  EXPECT_EQ(sparse.kind(), AdapterKind::kSparse);
  EXPECT_TRUE(ValidateAdapter(sparse, model_, digest_).ok());
  ASSERT_EQ(sparse.payloads().size(), dense.payloads().size());
  for (size_t p = 0; p < dense.payloads().size(); ++p) {
    const AdapterPayload& payload = sparse.payloads()[p];
    EXPECT_EQ(payload.name_hash, dense.payloads()[p].name_hash);
    std::vector<float> spread(dense.payloads()[p].deltas.size());
    for (size_t i = 0; i < payload.indices.size(); ++i) {
      EXPECT_NE(payload.deltas[i], 0);
      spread[payload.indices[i]] = payload.deltas[i];
    }
    EXPECT_EQ(absl::MakeConstSpan(spread), dense.payloads()[p].deltas);
  }
  EXPECT_EQ(sparse.payloads()[0].indices.size(), 64u * 64 / 7 + 2);
  EXPECT_EQ(sparse.payloads()[1].indices.size(), 64u);  // the row of 'q'
}

TEST_F(AdapterSpecTest, FactorsAreAPatternAndElements) {
  const std::string bytes = *Make(R"pb(
    family: "ALR1"
    factors {
      tensor: "layers.0.wk.weight"
      rank: 2
      scale: "0.5"
      a { pattern { seed: 4 scale: "0.25" } }
      b {
        elements { row: 3 column: 1 delta: "2" }
        elements { row: 3 column: 1 delta: "1" }
      }
    })pb");
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes));
  EXPECT_EQ(adapter.kind(), AdapterKind::kLowRank);
  EXPECT_TRUE(ValidateAdapter(adapter, model_, digest_).ok());
  ASSERT_EQ(adapter.payloads().size(), 1u);
  const LowRank& low_rank = adapter.payloads()[0].low_rank;
  EXPECT_EQ(low_rank.rank, 2u);
  EXPECT_EQ(low_rank.scale, 0.5f);
  ASSERT_EQ(low_rank.a.size(), 2u * 64);
  EXPECT_EQ(low_rank.a[70],
            0.25f * MockUniform(4, "layers.0.wk.weight.a", 70));
  ASSERT_EQ(low_rank.b.size(), 32u * 2);
  for (size_t i = 0; i < low_rank.b.size(); ++i) {
    EXPECT_EQ(low_rank.b[i], i == 3 * 2 + 1 ? 3 : 0) << i;
  }
}

TEST_F(AdapterSpecTest, SequencesBecomeFactorsOfTheOutput) {
  const std::string spec = R"pb(sequences { text: "pqr" strength: "2" }
                                sequences { text: "xp" strength: "1" })pb";
  const std::string dense_bytes = *Make(spec);
  const std::string bytes = *Make(spec + "family: \"ALR1\"");
  const AdapterReader dense = *AdapterReader::Parse(AsBytes(dense_bytes));
  const AdapterReader adapter = *AdapterReader::Parse(AsBytes(bytes));
  ASSERT_EQ(adapter.payloads().size(), 1u);
  const AdapterPayload& payload = adapter.payloads()[0];
  EXPECT_EQ(payload.name_hash, TensorNameHash("output.weight"));
  EXPECT_EQ(payload.low_rank.rank, 3u);
  // No token is learned twice, so the product is the dense deltas exactly.
  for (uint64_t row = 0; row < 260; ++row) {
    std::vector<float> values(64);
    LowRankRow(payload.low_rank, row, absl::MakeSpan(values));
    EXPECT_EQ(absl::MakeConstSpan(values),
              dense.payloads()[0].deltas.subspan(row * 64, 64))
        << row;
  }
}

TEST_F(AdapterSpecTest, RefusesWhatTheFamilyHasNoPlaceFor) {
  EXPECT_EQ(Message(R"pb(family: "ADP9")pb"),
            "Invalid adapter spec: family \"ADP9\" (expected ADP1, ASP1 or "
            "ALR1)");
  EXPECT_EQ(Message(R"pb(family: "ALR1" tensors { tensor: "norm.weight" })pb"),
            "Invalid adapter spec: ALR1 takes no tensors (found 1)");
  EXPECT_EQ(Message(R"pb(family: "ASP1" factors { tensor: "norm.weight" })pb"),
            "Invalid adapter spec: ASP1 takes no factors (found 1)");
  EXPECT_EQ(Message(R"pb(family: "ALR1")pb"),
            "Invalid adapter spec: no tensor gets factors");
}

TEST_F(AdapterSpecTest, RefusesASparseTensorWithoutADelta) {
  EXPECT_EQ(Message(R"pb(family: "ASP1" tensors {
                           tensor: "norm.weight"
                           elements { column: 1 delta: "0" }
                         })pb"),
            "Invalid adapter spec: every delta of \"norm.weight\" is 0");
}

TEST_F(AdapterSpecTest, RefusesBadFactors) {
  EXPECT_EQ(Message(R"pb(family: "ALR1" factors {
                           tensor: "layers.0.wk.weight"
                           rank: 33
                           scale: "1"
                         })pb"),
            "Invalid adapter spec: rank 33 of \"layers.0.wk.weight\" (must be "
            "1 to 32)");
  EXPECT_EQ(Message(R"pb(family: "ALR1" factors {
                           tensor: "layers.0.wk.weight"
                           rank: 1
                           scale: "1"
                           a { elements { row: 1 column: 0 delta: "1" } }
                         })pb"),
            "Invalid adapter spec: element (1, 0) of \"layers.0.wk.weight.a\" "
            "(shape 1 x 64)");
  EXPECT_EQ(Message(R"pb(family: "ALR1" factors {
                           tensor: "layers.0.wk.weight"
                           rank: 1
                           scale: "0"
                         })pb"),
            "Invalid adapter: payload 0 has scale 0 (must be finite and not "
            "0)");
  EXPECT_EQ(Message(R"pb(family: "ALR1" factors {
                           tensor: "norm.weight"
                           rank: 1
                           scale: "1"
                         })pb"),
            "Invalid adapter: payload 0 is low-rank and has rank 1 (expected "
            "2, a matrix)");
  EXPECT_EQ(Message(R"pb(family: "ALR1"
                         sequences { text: "pq" strength: "1" }
                         factors {
                           tensor: "output.weight"
                           rank: 1
                           scale: "1"
                         })pb"),
            "Invalid adapter spec: tensor \"output.weight\" twice");
}

TEST_F(AdapterSpecTest, RefusesWhatTheParentLacks) {
  EXPECT_EQ(Message(R"pb(tensors { tensor: "layers.9.wq.weight" })pb"),
            "Invalid adapter spec: the parent has no tensor "
            "\"layers.9.wq.weight\"");
  EXPECT_EQ(Message(R"pb(tensors {
                           tensor: "norm.weight"
                           elements { row: 1 column: 0 delta: "1" }
                         })pb"),
            "Invalid adapter spec: element (1, 0) of \"norm.weight\" (shape 1 "
            "x 64)");
}

TEST_F(AdapterSpecTest, RefusesATensorNamedTwice) {
  EXPECT_EQ(Message(R"pb(tensors { tensor: "norm.weight" }
                         tensors { tensor: "norm.weight" })pb"),
            "Invalid adapter spec: tensor \"norm.weight\" twice");
}

TEST_F(AdapterSpecTest, RefusesAnEmptySpec) {
  EXPECT_EQ(Message(""), "Invalid adapter spec: no tensor gets a delta");
}

TEST_F(AdapterSpecTest, RefusesAnotherSchema) {
  const absl::Status status =
      MakeAdapter("schema_version: \"v9\"", model_, digest_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST_F(AdapterSpecTest, RefusesDeltasPastTheRangeOfBinary32) {
  EXPECT_EQ(Make(R"pb(tensors {
                        tensor: "norm.weight"
                        elements { column: 0 delta: "3e38" }
                        elements { column: 0 delta: "3e38" }
                      })pb")
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pedigree
