#include "runtime/generation/generator.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/generation/sampler.h"
#include "runtime/generation/session.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/model.h"
#include "runtime/model/transformer.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

using ::testing::HasSubstr;

// Encodes bytes behind BOS as BTOK does, puts out `bytes_per_token` a token and
// stops at `stop_id`.
class WordyTokenizer : public Tokenizer {
 public:
  WordyTokenizer(uint32_t stop_id, size_t bytes_per_token)
      : bytes_per_token_(bytes_per_token) {
    vocab_size_ = 260;
    eos_ = stop_id;
    stop_ids_ = {stop_id};
    excluded_.resize(260);
  }
  std::string_view kind() const override { return "wordy"; }
  absl::StatusOr<std::vector<uint32_t>> Encode(
      std::string_view text) const override {
    if (text.empty()) return std::vector<uint32_t>();
    std::vector<uint32_t> ids = {256};
    ids.insert(ids.end(), text.begin(), text.end());
    return ids;
  }
  std::string DecodeBytes(absl::Span<const uint32_t> ids,
                          uint32_t) const override {
    return std::string(ids.size() * bytes_per_token_, 'x');
  }

 private:
  size_t bytes_per_token_;
};

class GeneratorTest : public testing::Test {
 protected:
  GeneratorTest()
      : file_(TinyModel(Options())),
        model_(*Model::Load(AsBytes(file_.text()))),
        transformer_(*Transformer::Create(model_->shape(), {}, &pool_,
                                          &BestKernels())),
        session_(*Session::Create(model_->shape())) {}

  static TinyModelOptions Options() {
    TinyModelOptions options;
    options.max_context = 24;
    return options;
  }

  Generator::Parts Parts(const Tokenizer& tokenizer) {
    return {&tokenizer, &model_->weights(), &transformer_, &session_, false,
            &cancel_};
  }

  absl::StatusOr<Generator> Begin(std::string_view prompt, uint32_t limit) {
    return Generator::Begin(Parts(model_->tokenizer()), {}, prompt, limit);
  }

  // Runs `generator` to its end; returns the number of tokens.
  static int Drain(Generator& generator) {
    int tokens = 0;
    while ((*generator.Next()).has_value()) ++tokens;
    return tokens;
  }

  AlignedBytes file_;
  std::unique_ptr<const Model> model_;
  ThreadPool pool_{1};
  Transformer transformer_;
  Session session_;
  std::atomic<bool> cancel_{false};
};

TEST_F(GeneratorTest, StopsAtTheTokenLimit) {
  absl::StatusOr<Generator> generator = Begin("hello", 5);
  ASSERT_TRUE(generator.ok());
  EXPECT_EQ(generator->prompt_tokens(), 6u);
  EXPECT_EQ(generator->kv_length(), 6u);
  EXPECT_EQ(generator->stop_reason(), StopReason::kNone);
  EXPECT_EQ(Drain(*generator), 5);
  EXPECT_EQ(generator->stop_reason(), StopReason::kTokenLimit);
  EXPECT_EQ(generator->token_ids().size(), 5u);
  // The last token was not run.
  EXPECT_EQ(generator->kv_length(), 10u);
  EXPECT_FALSE((*generator->Next()).has_value());
}

TEST_F(GeneratorTest, ALimitOfZeroOnlyPrefills) {
  absl::StatusOr<Generator> generator = Begin("hello", 0);
  ASSERT_TRUE(generator.ok());
  EXPECT_EQ(generator->kv_length(), 6u);
  EXPECT_EQ(Drain(*generator), 0);
  EXPECT_EQ(generator->stop_reason(), StopReason::kTokenLimit);
}

TEST_F(GeneratorTest, StopsWhereTheContextEnds) {
  absl::StatusOr<Generator> generator = Begin("hello", 1000);
  ASSERT_TRUE(generator.ok());
  EXPECT_EQ(Drain(*generator), 24 - 6);
  EXPECT_EQ(generator->stop_reason(), StopReason::kContextEnd);
  EXPECT_EQ(generator->kv_length(), 23u);
}

TEST_F(GeneratorTest, APromptMayFillTheContext) {
  absl::StatusOr<Generator> generator = Begin(std::string(23, 'a'), 5);
  ASSERT_TRUE(generator.ok());
  EXPECT_EQ(Drain(*generator), 0);
  EXPECT_EQ(generator->stop_reason(), StopReason::kContextEnd);
}

TEST_F(GeneratorTest, RefusesAPromptLongerThanTheContext) {
  const absl::Status status = Begin(std::string(24, 'a'), 5).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kContextExceeded);
  EXPECT_EQ(status.message(), "Prompt of 25 tokens exceeds max_context 24");
}

TEST_F(GeneratorTest, RefusesAPromptWithoutTokens) {
  const WordyTokenizer tokenizer(259, 1);
  const absl::Status status =
      Generator::Begin(Parts(tokenizer), {}, "", 5).status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
}

TEST_F(GeneratorTest, RefusesBadSampling) {
  SamplingConfig sampling;
  sampling.top_k = 0;
  const absl::Status status =
      Generator::Begin(Parts(model_->tokenizer()), sampling, "a", 5).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("top_k is 0"));
}

TEST_F(GeneratorTest, TheStopTokenIsNotPutOut) {
  absl::StatusOr<Generator> free = Begin("hello", 1);
  ASSERT_TRUE(free.ok());
  Drain(*free);
  const uint32_t first = free->token_ids()[0];

  const WordyTokenizer tokenizer(first, 1);
  absl::StatusOr<Generator> generator =
      Generator::Begin(Parts(tokenizer), {}, "hello", 9);
  ASSERT_TRUE(generator.ok());
  EXPECT_EQ(Drain(*generator), 0);
  EXPECT_EQ(generator->stop_reason(), StopReason::kStopToken);
  EXPECT_TRUE(generator->token_ids().empty());
}

TEST_F(GeneratorTest, StopsBeforeTheOutputPassesItsCap) {
  const WordyTokenizer tokenizer(259, 30000);
  absl::StatusOr<Generator> generator =
      Generator::Begin(Parts(tokenizer), {}, "hello", 9);
  ASSERT_TRUE(generator.ok());
  EXPECT_EQ(Drain(*generator), 2);
  EXPECT_EQ(generator->stop_reason(), StopReason::kOutputLimit);
}

TEST_F(GeneratorTest, CancelEndsItInEveryPhase) {
  absl::StatusOr<Generator> generator = Begin("hello", 9);
  ASSERT_TRUE(generator.ok());
  ASSERT_TRUE(generator->Next().ok());
  cancel_ = true;
  EXPECT_EQ(GetErrorCode(generator->Next().status()), ErrorCode::kCancelled);
  EXPECT_EQ(GetErrorCode(Begin("hello", 9).status()), ErrorCode::kCancelled);
}

TEST_F(GeneratorTest, TheCallersCancelIsAStopReason) {
  absl::StatusOr<Generator> generator = Begin("hello", 9);
  ASSERT_TRUE(generator.ok());
  ASSERT_TRUE(generator->Next().ok());
  generator->Cancel();
  EXPECT_FALSE((*generator->Next()).has_value());
  EXPECT_EQ(StopReasonName(generator->stop_reason()), "cancelled");
}

TEST_F(GeneratorTest, AFreshContextForgetsTheLastOne) {
  absl::StatusOr<Generator> first = Begin("hello", 8);
  ASSERT_TRUE(first.ok());
  Drain(*first);
  absl::StatusOr<Generator> other = Begin("something else", 8);
  ASSERT_TRUE(other.ok());
  Drain(*other);
  absl::StatusOr<Generator> again = Begin("hello", 8);
  ASSERT_TRUE(again.ok());
  Drain(*again);
  EXPECT_EQ(again->token_ids(), first->token_ids());
  EXPECT_NE(again->token_ids(), other->token_ids());
}

TEST(StopReasonTest, HasANameForEach) {
  EXPECT_EQ(StopReasonName(StopReason::kNone), "");
  EXPECT_EQ(StopReasonName(StopReason::kStopToken), "stop-token");
  EXPECT_EQ(StopReasonName(StopReason::kTokenLimit), "token-limit");
  EXPECT_EQ(StopReasonName(StopReason::kContextEnd), "context-end");
  EXPECT_EQ(StopReasonName(StopReason::kOutputLimit), "output-limit");
}

}  // namespace
}  // namespace pedigree
