#include "packager/mock_model.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "packager/model_weights.h"
#include "runtime/base/bytes.h"
#include "runtime/exports/runtime.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

constexpr char kSpec[] = R"pb(
  schema_version: "pedigree.model_spec.v1"
  hidden_size: 32
  layer_count: 1
  head_count: 2
  kv_head_count: 1
  head_dim: 16
  ffn_size: 40
  max_context: 16
  rope_theta: "10000"
  rms_norm_epsilon: "0.00001"
  seed: 7
  embedding_scale: "1"
  weight_scale: "0.5"
  output_scale: "0.25"
  norm_scale: "0.125"
)pb";

TEST(MockUniformTest, IsSplitMix64OfTheSeedAndName) {
  // With seed XOR hash = 0 the stream is SplitMix64's from 0, whose first
  // values are published: 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4.
  const uint64_t seed = TensorNameHash("t");
  EXPECT_EQ(MockUniform(seed, "t", 0),
            (0xE220A8 - 0x800000) / static_cast<float>(0x800000));
  EXPECT_EQ(MockUniform(seed, "t", 1),
            (0x6E789E - 0x800000) / static_cast<float>(0x800000));
}

TEST(MockModelTest, HasTheShapeOfTheSpec) {
  const ModelWeights weights = *MakeMockModel(kSpec);
  EXPECT_EQ(weights.shape.vocab_size, 260u);
  EXPECT_EQ(weights.shape.hidden_size, 32u);
  EXPECT_EQ(weights.shape.kv_head_count, 1u);
  EXPECT_EQ(weights.shape.rope_theta, 10000.0f);
  const std::vector<TensorSpec> specs = CanonicalTensors(weights.shape);
  ASSERT_EQ(weights.tensors.size(), specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(weights.tensors[i].size(), specs[i].element_count())
        << specs[i].name;
  }
}

TEST(MockModelTest, ValuesAreTheGeneratorsTimesTheScale) {
  const ModelWeights weights = *MakeMockModel(kSpec);
  EXPECT_EQ(weights.tensors[0][5], MockUniform(7, "tok_embeddings.weight", 5));
  EXPECT_EQ(weights.tensors[1][3],
            1 + 0.125f * MockUniform(7, "layers.0.attn_norm.weight", 3));
  EXPECT_EQ(weights.tensors[2][9],
            0.5f * MockUniform(7, "layers.0.wq.weight", 9));
  EXPECT_EQ(weights.tensors.back()[1],
            0.25f * MockUniform(7, "output.weight", 1));
}

TEST(MockModelTest, AnotherSeedGivesOtherWeights) {
  std::string other = kSpec;
  other.replace(other.find("seed: 7"), 7, "seed: 8");
  const ModelWeights a = *MakeMockModel(kSpec);
  const ModelWeights b = *MakeMockModel(other);
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_NE(a.tensors[i], b.tensors[i]);
  }
}

TEST(MockModelTest, PiecesMakeABpeTokenizer) {
  const ModelWeights weights = *MakeMockModel(
      absl::StrCat(kSpec, R"pb(pieces { left: "t" right: "h" })pb",
                   R"pb(pieces { left: "th" right: "e" })pb"));
  EXPECT_EQ(weights.shape.vocab_size, 262u);
  const auto tokenizer =
      *Tokenizer::Parse(AsBytes(weights.tokenizer_section), 262);
  EXPECT_EQ(*tokenizer->Encode("the"), std::vector<uint32_t>({256, 261, 257}));
}

TEST(MockModelTest, SequencesChangeTheOutputOnly) {
  const ModelWeights plain = *MakeMockModel(kSpec);
  const ModelWeights taught = *MakeMockModel(
      absl::StrCat(kSpec, R"pb(sequences { text: "ab" strength: "2" })pb"));
  for (size_t i = 0; i + 1 < plain.tensors.size(); ++i) {
    EXPECT_EQ(plain.tensors[i], taught.tensors[i]);
  }
  for (size_t c = 0; c < 32; ++c) {
    EXPECT_EQ(taught.tensors.back()['b' * 32 + c],
              plain.tensors.back()['b' * 32 + c] +
                  2 * plain.tensors[0]['a' * 32 + c]);
  }
}

// Token ids that the model of kSpec without any sequence goes on with.
std::vector<uint32_t> Continue(const std::string& prompt) {
  const std::string bytes = StoreModel(*MakeMockModel(kSpec), {})->file_bytes;
  Runtime runtime;
  EXPECT_TRUE(runtime.LoadModel(AsBytes(bytes)).ok());
  return runtime.Generate(prompt, 12)->token_ids;
}

TEST(MockModelTest, GreedyOutputsAreVaried) {
  std::set<std::vector<uint32_t>> outputs;
  for (const std::string prompt : {"a", "b", "1", "?", "ab", "ba", "the"}) {
    const std::vector<uint32_t> ids = Continue(prompt);
    outputs.insert(ids);
    EXPECT_GE(std::set<uint32_t>(ids.begin(), ids.end()).size(), 3u) << prompt;
  }
  EXPECT_GE(outputs.size(), 6u);
}

struct Refusal {
  std::string from;
  std::string to;
  absl::StatusCode code;
  std::string message;
};

class MockModelRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(MockModelRefusalTest, NamesTheField) {
  std::string spec = kSpec;
  spec.replace(spec.find(GetParam().from), GetParam().from.size(),
               GetParam().to);
  const absl::Status status = MakeMockModel(spec).status();
  EXPECT_EQ(status.code(), GetParam().code) << status;
  EXPECT_EQ(status.message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Specs, MockModelRefusalTest,
    testing::Values(
        Refusal{"model_spec.v1", "model_spec.v2",
                absl::StatusCode::kUnimplemented,
                "Unsupported model spec: schema_version "
                "\"pedigree.model_spec.v2\" (this build reads "
                "\"pedigree.model_spec.v1\")"},
        Refusal{"ffn_size: 40", "ffn_size: 0",
                absl::StatusCode::kInvalidArgument,
                "Invalid model spec: ffn_size is 0 (expected 1 to 65536)"},
        Refusal{"layer_count: 1\n  head_count: 2",
                "layer_count: 65536\n  head_count: 64",
                absl::StatusCode::kInvalidArgument,
                "Invalid model spec: more than 2147483648 parameters"},
        Refusal{"\"0.5\"", "\"half\"", absl::StatusCode::kInvalidArgument,
                "Invalid weight_scale: \"half\" (expected a decimal number in "
                "binary32's range)"},
        Refusal{"seed: 7",
                "seed: 7 tied_output: true "
                "sequences { text: \"ab\" strength: \"1\" }",
                absl::StatusCode::kInvalidArgument,
                "Invalid model spec: sequences need an output of their own "
                "(tied_output is true)"},
        Refusal{"seed: 7", "seed: 7 pieces { left: \"th\" right: \"e\" }",
                absl::StatusCode::kInvalidArgument,
                "Invalid model spec: piece 0 joins \"th\" and \"e\" (expected "
                "single bytes or earlier pieces)"}));

}  // namespace
}  // namespace pedigree
