#include "runtime/format/slm_header.h"

#include <limits>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"

namespace pedigree {
namespace {

ModelShape ValidShape() {
  ModelShape shape;
  shape.vocab_size = 260;
  shape.special_token_count = 4;
  shape.hidden_size = 8;
  shape.layer_count = 1;
  shape.head_count = 4;
  shape.kv_head_count = 2;
  shape.head_dim = 2;
  shape.ffn_size = 8;
  shape.max_context = 16;
  shape.rope_theta = 10000;
  shape.rms_norm_epsilon = 1e-5f;
  return shape;
}

TEST(SlmHeaderTest, TakesAShapeThatKeepsTheRules) {
  EXPECT_TRUE(CheckModelShape(ValidShape()).ok());
}

TEST(SlmHeaderTest, NamesTheFieldThatBreaksARule) {
  ModelShape shape = ValidShape();
  shape.kv_head_count = 3;
  const absl::Status status = CheckModelShape(shape);
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidHeader);
  EXPECT_EQ(status.message(),
            "Invalid .slm file: kv_head_count 3 does not divide head_count 4");
}

TEST(SlmHeaderTest, RefusesConstantsThatAreNotPositiveAndFinite) {
  using Limits = std::numeric_limits<float>;
  for (const float bad : {0.0f, -1.0f, Limits::infinity(), -Limits::infinity(),
                          Limits::quiet_NaN()}) {
    ModelShape shape = ValidShape();
    shape.rope_theta = bad;
    EXPECT_FALSE(CheckModelShape(shape).ok()) << bad;
    shape = ValidShape();
    shape.rms_norm_epsilon = bad;
    EXPECT_FALSE(CheckModelShape(shape).ok()) << bad;
  }
}

TEST(SlmHeaderTest, RefusesHeadsWhoseWidthDoesNotFitADimension) {
  ModelShape shape = ValidShape();
  shape.head_count = 1u << 31;
  shape.head_dim = 4;
  EXPECT_EQ(CheckModelShape(shape).message(),
            "Invalid .slm file: head_count x head_dim is 8589934592 (must fit "
            "in 32 bits)");
}

TEST(SlmHeaderTest, TellsMagicVersionAndLengthApart) {
  EXPECT_EQ(GetErrorCode(ParseSlmHeader(AsBytes("GGUF")).status()),
            ErrorCode::kInvalidModelMagic);
  EXPECT_EQ(GetErrorCode(ParseSlmHeader({}).status()),
            ErrorCode::kInvalidModelMagic);
  EXPECT_EQ(GetErrorCode(ParseSlmHeader(AsBytes("SLM1")).status()),
            ErrorCode::kInvalidHeader);
  const std::string zeros = "SLM1" + std::string(104, '\0');
  const absl::Status version = ParseSlmHeader(AsBytes(zeros)).status();
  EXPECT_EQ(GetErrorCode(version), ErrorCode::kUnsupportedModelVersion);
  EXPECT_EQ(version.code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace pedigree
