#include "runtime/generation/session.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
    ASSERT_TRUE(Session::RunTogether(transformer_, model_->weights(),
                                     {&a, &b, &c},
                                     {10 + step, 20 + step, 30 + step})
                    .ok());
  }
  EXPECT_EQ(Copy(a), LogitsOf({1, 2, 3, 10, 11, 12}));
  EXPECT_EQ(Copy(b), LogitsOf({4, 20, 21, 22}));
  EXPECT_EQ(Copy(c), LogitsOf({30, 31, 32}));
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
  EXPECT_EQ(GetErrorCode(Session::RunTogether(transformer_, model_->weights(),
                                              {&other, &session}, {1, 2})),
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
