#include "packager/token_sequence.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"

namespace pedigree {
namespace {

constexpr size_t kHidden = 2;
constexpr size_t kEos = 257;

packager::TokenSequence Sequence(const std::string& text, bool stop,
                                 const std::string& strength) {
  packager::TokenSequence sequence;
  sequence.set_text(text);
  sequence.set_stop(stop);
  sequence.set_strength(strength);
  return sequence;
}

class TokenSequenceTest : public testing::Test {
 protected:
  TokenSequenceTest()
      : section_(WriteBtok()),
        tokenizer_(*Tokenizer::Parse(AsBytes(section_), 260)),
        embeddings_(260 * kHidden),
        output_(260 * kHidden, 1.0f) {
    for (size_t i = 0; i < embeddings_.size(); ++i) {
      embeddings_[i] = static_cast<float>(i);
    }
  }

  absl::Status Add(const packager::TokenSequence& sequence) {
    return AddTokenSequence(sequence, *tokenizer_, embeddings_,
                            absl::MakeSpan(output_));
  }

  std::vector<float> Row(size_t id) const {
    return {output_[id * kHidden], output_[id * kHidden + 1]};
  }

  std::string section_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::vector<float> embeddings_;
  std::vector<float> output_;
};

TEST_F(TokenSequenceTest, EachTokenLearnsTheOneBeforeIt) {
  ASSERT_TRUE(Add(Sequence("abc", false, "0.5")).ok());
  // 1 + half of the embedding before: 'a' is 97, its values 194 and 195.
  EXPECT_EQ(Row('b'), std::vector<float>({98.0f, 98.5f}));
  EXPECT_EQ(Row('c'), std::vector<float>({99.0f, 99.5f}));
  EXPECT_EQ(Row('a'), std::vector<float>({1.0f, 1.0f}));
  EXPECT_EQ(Row(kEos), std::vector<float>({1.0f, 1.0f}));
}

TEST_F(TokenSequenceTest, StepsAreItsNeighbours) {
  const auto steps = TokenSteps(Sequence("ab", true, "2"), *tokenizer_);
  ASSERT_TRUE(steps.ok()) << steps.status();
  ASSERT_EQ(steps->size(), 2u);
  EXPECT_EQ((*steps)[0].token, uint32_t{'a'});
  EXPECT_EQ((*steps)[0].next, uint32_t{'b'});
  EXPECT_EQ((*steps)[0].strength, 2);
  EXPECT_EQ((*steps)[1].token, uint32_t{'b'});
  EXPECT_EQ((*steps)[1].next, kEos);
}

TEST_F(TokenSequenceTest, StopEndsWithEos) {
  ASSERT_TRUE(Add(Sequence("z", true, "1")).ok());
  EXPECT_EQ(Row(kEos), std::vector<float>({245.0f, 246.0f}));
}

TEST_F(TokenSequenceTest, RefusesASequenceOfOneToken) {
  const absl::Status status = Add(Sequence("a", false, "1"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "Invalid sequence: 1 tokens (expected 2 or more), text of 1 bytes");
}

TEST_F(TokenSequenceTest, RefusesAStrengthThatIsNoNumber) {
  EXPECT_EQ(Add(Sequence("ab", false, "strong")).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pedigree
