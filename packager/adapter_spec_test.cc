#include "packager/adapter_spec.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "packager/mock_model.h"
#include "packager/quantize.h"
#include "packager/testing.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"

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
