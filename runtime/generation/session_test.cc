#include "runtime/generation/session.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/memory_plan.h"
#include "runtime/model/model.h"
#include "runtime/model/transformer.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

using Tokens = std::vector<uint32_t>;

class SessionTest : public testing::Test {
 protected:
  SessionTest()
      : file_(TinyModel({})),
        model_(*Model::Load(AsBytes(file_.text()))),
        transformer_(*Transformer::Create(model_->shape(), Options(), &pool_,
                                          &BestKernels())) {}

  static MemoryOptions Options() {
    MemoryOptions options;
    options.batch_tokens = 4;
    options.logits_rows = 3;
    options.threads = 2;
    return options;
  }

  Session NewSession(uint32_t context_tokens = 0) {
    return *Session::Create(model_->shape(), context_tokens);
  }
  absl::Status Run(Session& session, const Tokens& tokens) {
    return session.Run(transformer_, model_->weights(), tokens);
  }
  struct Chunk {
    Session* session;
    Tokens tokens;
  };
  // Runs chunks together; each session keeps the logits behind its last token.
  absl::Status RunTogether(const std::vector<Chunk>& chunks) {
    std::vector<Session::Chunk> spans;
    for (const Chunk& chunk : chunks) {
      spans.push_back({chunk.session, chunk.tokens, 1});
    }
    return Session::RunTogether(
        transformer_, model_->weights(), spans,
        [&](size_t i, size_t, absl::Span<const float> logits) {
          chunks[i].session->KeepLogits(logits);
        });
  }
  // The logits behind `tokens`, run in a session of their own.
  std::vector<float> LogitsOf(const Tokens& tokens) {
    Session session = NewSession();
    EXPECT_TRUE(Run(session, tokens).ok());
    return Copy(session);
  }
  static std::vector<float> Copy(const Session& session) {
    return {session.logits().begin(), session.logits().end()};
  }

  AlignedBytes file_;
  std::unique_ptr<const Model> model_;
  ThreadPool pool_{2};
  Transformer transformer_;
};

TEST_F(SessionTest, GoingOnGivesWhatOneRunGives) {
  const Tokens all = {256, 72, 101, 108, 108, 111, 32, 119, 111};
  const std::vector<float> expected = LogitsOf(all);
  for (size_t cut = 1; cut < all.size(); ++cut) {
    Session session = NewSession();
    ASSERT_TRUE(Run(session, Tokens(all.begin(), all.begin() + cut)).ok());
    ASSERT_TRUE(Run(session, Tokens(all.begin() + cut, all.end())).ok());
    EXPECT_EQ(Copy(session), expected) << "cut at " << cut;
    EXPECT_EQ(Tokens(session.tokens().begin(), session.tokens().end()), all);
  }
}

TEST_F(SessionTest, RewindsToAnyLengthExactly) {
  Session session = NewSession();
  ASSERT_TRUE(Run(session, {1, 2, 3, 4, 5, 6, 7}).ok());
  for (uint32_t length : {6, 3, 0}) {
    session.Rewind(length);
    EXPECT_EQ(session.length(), length);
    EXPECT_TRUE(session.logits().empty());
    Tokens expected(session.tokens().begin(), session.tokens().end());
    expected.push_back(99);
    ASSERT_TRUE(Run(session, {99}).ok());
    EXPECT_EQ(Copy(session), LogitsOf(expected));
    session.Rewind(length);
  }
}

TEST_F(SessionTest, KeepsTheSharedPrefixButForTheLastToken) {
  Session session = NewSession();
  ASSERT_TRUE(Run(session, {1, 2, 3, 4}).ok());
  EXPECT_EQ(session.RewindToShared(Tokens{1, 2, 9, 9}), 2u);
  ASSERT_TRUE(Run(session, {9, 9}).ok());
  EXPECT_EQ(Copy(session), LogitsOf({1, 2, 9, 9}));
  // All of it shared: the last is run again, for its logits.
  EXPECT_EQ(session.RewindToShared(Tokens{1, 2, 9, 9}), 3u);
  EXPECT_EQ(session.RewindToShared(Tokens{7}), 0u);
  EXPECT_EQ(session.RewindToShared(Tokens{}), 0u);
}

TEST_F(SessionTest, TogetherAsEachAlone) {
  Session a = NewSession();
  Session b = NewSession();
  Session c = NewSession();
  ASSERT_TRUE(Run(a, {1, 2, 3}).ok());
  ASSERT_TRUE(Run(b, {4}).ok());
  for (uint32_t step = 0; step < 3; ++step) {
    ASSERT_TRUE(
        RunTogether({{&a, {10 + step}}, {&b, {20 + step}}, {&c, {30 + step}}})
            .ok());
  }
  EXPECT_EQ(Copy(a), LogitsOf({1, 2, 3, 10, 11, 12}));
  EXPECT_EQ(Copy(b), LogitsOf({4, 20, 21, 22}));
  EXPECT_EQ(Copy(c), LogitsOf({30, 31, 32}));
}

TEST_F(SessionTest, APromptBesideOneTokenOfAnother) {
  Session a = NewSession();
  Session b = NewSession();
  ASSERT_TRUE(Run(a, {1, 2, 3}).ok());
  ASSERT_TRUE(RunTogether({{&a, {10}}, {&b, {4, 5, 6}}}).ok());
  EXPECT_EQ(Copy(a), LogitsOf({1, 2, 3, 10}));
  EXPECT_EQ(Copy(b), LogitsOf({4, 5, 6}));
}

TEST_F(SessionTest, ShowsTheLogitsBehindEachTokenThatWantsThem) {
  Session session = NewSession();
  const Tokens tokens = {7, 8, 9};
  std::vector<std::vector<float>> seen;
  const Session::Chunk chunk = {&session, tokens, 2};
  ASSERT_TRUE(Session::RunTogether(
                  transformer_, model_->weights(), {chunk},
                  [&](size_t i, size_t index, absl::Span<const float> logits) {
                    EXPECT_EQ(i, 0u);
                    EXPECT_EQ(index, 1 + seen.size());
                    seen.emplace_back(logits.begin(), logits.end());
                  })
                  .ok());
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], LogitsOf({7, 8}));
  EXPECT_EQ(seen[1], LogitsOf({7, 8, 9}));
  EXPECT_TRUE(session.logits().empty());
}

TEST_F(SessionTest, GoesOnFromTheStartOfAnother) {
  // Starts within, at the end and past the end of a group of key lanes.
  Session other = NewSession();
  Tokens tokens;
  for (uint32_t i = 0; i < 40; ++i) tokens.push_back(i * 5 % 256);
  ASSERT_TRUE(Run(other, tokens).ok());
  for (const uint32_t length : {0u, 1u, 15u, 16u, 17u, 33u, 40u}) {
    Session session = NewSession(47);
    ASSERT_TRUE(Run(session, {200, 201}).ok());
    session.CopyStart(other, length);
    EXPECT_EQ(session.length(), length);
    EXPECT_TRUE(session.logits().empty());
    Tokens expected(tokens.begin(), tokens.begin() + length);
    for (const uint32_t next : {99u, 98u}) {
      expected.push_back(next);
      ASSERT_TRUE(Run(session, {next}).ok());
      EXPECT_EQ(Copy(session), LogitsOf(expected)) << length;
    }
  }
  EXPECT_EQ(Copy(other), LogitsOf(tokens));
}

TEST_F(SessionTest, RefusesWhatDoesNotFitAndStaysAsItWas) {
  Session session = NewSession(5);
  ASSERT_TRUE(Run(session, {1, 2, 3}).ok());
  const std::vector<float> before = Copy(session);
  const absl::Status status = Run(session, {4, 5, 6});
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kContextExceeded);
  EXPECT_EQ(status.message(), "Session of 6 tokens exceeds its context of 5");
  EXPECT_EQ(session.length(), 3u);
  EXPECT_EQ(Copy(session), before);
  EXPECT_TRUE(Run(session, {4, 5}).ok());
  Session other = NewSession();
  EXPECT_EQ(GetErrorCode(RunTogether({{&other, {1}}, {&session, {2}}})),
            ErrorCode::kContextExceeded);
  EXPECT_EQ(other.length(), 0u);
}

TEST_F(SessionTest, ACancelledRunEndsWhereABatchBegan) {
  Session session = NewSession();
  ASSERT_TRUE(Run(session, {1, 2}).ok());
  const std::atomic<bool> cancel{true};
  const absl::Status status =
      session.Run(transformer_, model_->weights(), Tokens{3, 4}, &cancel);
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kCancelled);
  EXPECT_EQ(session.length(), 2u);
  EXPECT_TRUE(session.logits().empty());
  ASSERT_TRUE(Run(session, {3}).ok());
  EXPECT_EQ(Copy(session), LogitsOf({1, 2, 3}));
}

TEST_F(SessionTest, AnEmptyRunChangesNothing) {
  Session session = NewSession();
  ASSERT_TRUE(Run(session, {1, 2}).ok());
  const std::vector<float> before = Copy(session);
  EXPECT_TRUE(Run(session, {}).ok());
  EXPECT_EQ(Copy(session), before);
}

}  // namespace
}  // namespace pedigree
