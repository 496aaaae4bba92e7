#include "packager/same_layout.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "packager/testing.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

// The test model, whose spec has `to` in the place of `from`.
std::string ModelOf(const std::string& from, const std::string& to) {
  return RunForTest(
      "import", TestConfig("mock", "f32"),
      {TestInput("spec", absl::StrReplaceAll(kTestModelSpec, {{from, to}}))});
}

std::string Refusal(const std::string& a, const std::string& b) {
  return std::string(CheckSameLayout(*SlmReader::Parse(AsBytes(a)),
                                     *SlmReader::Parse(AsBytes(b)))
                         .message());
}

TEST(CheckSameLayoutTest, TakesAnotherStorageAndOtherValues) {
  EXPECT_EQ(Refusal(TestModel(), ModelOf("seed: 3", "seed: 4")), "");
  EXPECT_EQ(Refusal(TestModel("q4_0"), TestModel("f32")), "");
}

TEST(CheckSameLayoutTest, NamesTheFieldAndBothValues) {
  const std::string model = TestModel();
  const struct {
    const char* from;
    const char* to;
    const char* message;
  } kCases[] = {
      {"hidden_size: 64", "hidden_size: 32",
       "Models differ: hidden_size 64, 32"},
      {"layer_count: 2", "layer_count: 1", "Models differ: layer_count 2, 1"},
      {"kv_head_count: 2", "kv_head_count: 4",
       "Models differ: kv_head_count 2, 4"},
      {"max_context: 32", "max_context: 64",
       "Models differ: max_context 32, 64"},
      {"\"10000\"", "\"20000\"", "Models differ: rope_theta 10000, 20000"},
      {"\"0.00001\"", "\"0.001\"",
       "Models differ: rms_norm_epsilon 1e-05, 0.001"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Refusal(model, ModelOf(test.from, test.to)), test.message);
  }
}

TEST(CheckSameLayoutTest, NamesTokenizersByDigest) {
  const auto with_piece = [](const std::string& left) {
    return ModelOf("seed: 3", "seed: 3 pieces { left: \"" + left +
                                  "\" right: \"h\" }");
  };
  EXPECT_EQ(Refusal(with_piece("t"), with_piece("s")).substr(0, 32),
            "Models differ: tokenizer sha256:");
}

}  // namespace
}  // namespace pedigree
