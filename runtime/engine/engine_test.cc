#include "runtime/engine/engine.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/bytes.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sha256.h"
#include "runtime/engine/engine_config.h"
#include "runtime/format/slm_format.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/target.h"
#include "runtime/testing/tiny_model.h"
#include "runtime/testing/writable_file.h"

namespace pedigree {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

std::string TinyQ8() {
  TinyModelOptions options;
  options.dtype = DType::kQ8_0;
  return TinyModel(options);
}

class EngineTest : public testing::Test {
 protected:
  EngineTest()
      : file_(TinyQ8()),
        adapter_(TinyAdapter(file_.text(),
                             {{"norm.weight", RandomValues(3, 32, 2)}})) {
    config_.sequences = 3;
    config_.context_tokens = 40;
    engine_ = Load(config_);
  }

  std::unique_ptr<Engine> Load(const EngineConfig& config) const {
    auto engine = Engine::Load(AsBytes(file_.text()), config);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *std::move(engine);
  }
  std::unique_ptr<EngineSession> NewSession() {
    auto session = engine_->NewSession();
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }
  static std::vector<float> Logits(const EngineSession& session) {
    return {session.logits().begin(), session.logits().end()};
  }
  // The logits behind `tokens` in a session of an engine of its own.
  std::vector<float> LogitsOf(const std::vector<uint32_t>& tokens) const {
    const std::unique_ptr<Engine> engine = Load({});
    const auto session = *engine->NewSession();
    EXPECT_TRUE(session->Run(tokens).ok());
    return Logits(*session);
  }

  AlignedBytes file_;
  AlignedBytes adapter_;
  EngineConfig config_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, NoWayOfRunningChangesALogit) {
  const std::vector<uint32_t> tokens = {256, 72, 101, 108, 108, 111};
  const std::vector<float> expected = LogitsOf(tokens);
  for (const bool repack : {false, true}) {
    for (const int threads : {1, 3}) {
      for (const uint32_t batch : {1, 4, 64}) {
        EngineConfig config;
        config.repack = repack;
        config.threads = threads;
        config.batch_tokens = batch;
        const std::unique_ptr<Engine> engine = Load(config);
        const auto session = *engine->NewSession();
        ASSERT_TRUE(session->Run(tokens).ok());
        EXPECT_EQ(Logits(*session), expected)
            << repack << " " << threads << " " << batch;
        EXPECT_EQ(engine->memory().repacked, repack);
      }
    }
  }
}

TEST_F(EngineTest, AFileThatIsWrittenOverGivesTheSameLogits) {
  const std::vector<uint32_t> tokens = {256, 72, 101, 108, 108, 111};
  const AlignedBytes dense(
      TinyAdapter(file_.text(),
                  {{"layers.0.wq.weight", RandomValues(3, 32 * 32, 0.1f)}}));
  const AlignedBytes low_rank(TinyLowRankAdapter(
      file_.text(),
      {{"layers.1.w1.weight", 2, 0.5f, RandomValues(4, 2 * 32, 0.5f),
        RandomValues(5, 64 * 2, 0.5f)}}));
  std::vector<std::vector<float>> expected;
  for (const bool writable : {false, true}) {
    for (const Kernels* kernels :
         {&BestKernels(), FindKernels(Target::kScalar)}) {
      EngineConfig config;
      config.repack = writable;
      config.kernels = kernels;
      auto loaded = writable ? Engine::Load(std::make_unique<WritableFile>(
                                                file_.text()),
                                            config)
                             : Engine::Load(AsBytes(file_.text()), config);
      ASSERT_TRUE(loaded.ok()) << loaded.status();
      Engine& engine = **loaded;
      std::vector<std::vector<float>> logits;
      const auto run = [&] {
        const auto session = *engine.NewSession();
        ASSERT_TRUE(session->Run(tokens).ok());
        logits.push_back(Logits(*session));
      };
      run();
      for (const AlignedBytes* adapter : {&dense, &low_rank}) {
        ASSERT_TRUE(engine.ApplyAdapter(AsBytes(adapter->text())).ok());
        run();
      }
      engine.ResetAdapters();
      run();
      if (expected.empty()) expected = logits;
      EXPECT_EQ(logits, expected) << writable << " "
                                  << TargetName(kernels->target);
    }
  }
  EXPECT_NE(expected[0], expected[1]);
  EXPECT_NE(expected[1], expected[2]);
  EXPECT_EQ(expected[0], expected[3]);
}

TEST_F(EngineTest, SessionsShareAModelAndNothingElse) {
  const auto a = NewSession();
  const auto b = NewSession();
  ASSERT_TRUE(a->Run({256, 1, 2}).ok());
  ASSERT_TRUE(b->Run({256, 9}).ok());
  ASSERT_TRUE(a->Run({3}).ok());
  EXPECT_THAT(a->tokens(), ElementsAreArray({256, 1, 2, 3}));
  EXPECT_EQ(Logits(*a), LogitsOf({256, 1, 2, 3}));
  EXPECT_EQ(Logits(*b), LogitsOf({256, 9}));
}

TEST_F(EngineTest, DecodesSessionsTogetherAsEachByItself) {
  const auto a = NewSession();
  const auto b = NewSession();
  const auto c = NewSession();
  ASSERT_TRUE(a->Run({256, 1, 2}).ok());
  ASSERT_TRUE(c->Run({256, 7}).ok());
  EngineSession* const sessions[] = {a.get(), b.get(), c.get()};
  ASSERT_TRUE(engine_->Decode(sessions, {3, 256, 8}).ok());
  EXPECT_EQ(Logits(*a), LogitsOf({256, 1, 2, 3}));
  EXPECT_EQ(Logits(*b), LogitsOf({256}));
  EXPECT_EQ(Logits(*c), LogitsOf({256, 7, 8}));
}

TEST_F(EngineTest, RefusesABatchThatIsNone) {
  const auto a = NewSession();
  const auto b = NewSession();
  ASSERT_TRUE(a->Run({256}).ok());
  const std::vector<float> before = Logits(*a);
  const std::unique_ptr<Engine> other_engine = Load({});
  const auto other = *other_engine->NewSession();
  const auto decode = [&](std::vector<EngineSession*> sessions,
                          std::vector<uint32_t> tokens) {
    const absl::Status status = engine_->Decode(sessions, tokens);
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
    return std::string(status.message());
  };
  EXPECT_EQ(decode({}, {}), "Cannot decode 0 sessions (expected 1..3)");
  EXPECT_EQ(decode({a.get(), b.get(), a.get(), b.get()}, {1, 2, 3, 4}),
            "Cannot decode 4 sessions (expected 1..3)");
  EXPECT_EQ(decode({a.get()}, {1, 2}), "Cannot decode 1 sessions with 2 tokens");
  EXPECT_EQ(decode({a.get(), a.get()}, {1, 2}),
            "Session 1 stands in the batch twice");
  EXPECT_EQ(decode({other.get()}, {1}), "Session 0 is another engine's");
  EXPECT_EQ(decode({a.get()}, {260}), "Token 260 is past vocab_size 260");
  EXPECT_EQ(Logits(*a), before);
}

TEST_F(EngineTest, APromptRunsBesideATokenOfAnother) {
  const auto a = NewSession();
  const auto b = NewSession();
  ASSERT_TRUE(a->Run({256, 1, 2}).ok());
  const std::vector<uint32_t> one = {3};
  const std::vector<uint32_t> prompt = {256, 9, 8};
  std::vector<std::vector<float>> seen;
  const Engine::Chunk chunks[] = {{a.get(), one, 1}, {b.get(), prompt, 2}};
  ASSERT_TRUE(engine_
                  ->RunTogether(chunks,
                                [&](size_t, size_t,
                                    absl::Span<const float> logits) {
                                  seen.emplace_back(logits.begin(),
                                                    logits.end());
                                })
                  .ok());
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0], LogitsOf({256, 1, 2, 3}));
  EXPECT_EQ(seen[1], LogitsOf({256, 9}));
  EXPECT_EQ(seen[2], LogitsOf({256, 9, 8}));
  EXPECT_THAT(b->tokens(), ElementsAreArray(prompt));
  EXPECT_TRUE(b->logits().empty());
}

TEST_F(EngineTest, RefusesAChunkThatIsNone) {
  const auto a = NewSession();
  const std::vector<uint32_t> tokens = {1, 2};
  const auto run = [&](absl::Span<const uint32_t> run_tokens, uint32_t logits) {
    const Engine::Chunk chunk = {a.get(), run_tokens, logits};
    const absl::Status status = engine_->RunTogether(
        {&chunk, 1}, [](size_t, size_t, absl::Span<const float>) {});
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
    EXPECT_EQ(a->length(), 0u);
    return std::string(status.message());
  };
  EXPECT_EQ(run({}, 0),
            "Session 0 has 0 tokens to run and wants 0 logits (expected at "
            "most one for each)");
  EXPECT_EQ(run(tokens, 3),
            "Session 0 has 2 tokens to run and wants 3 logits (expected at "
            "most one for each)");
  const std::vector<uint32_t> many(20, 1);
  EXPECT_THAT(run(many, 20), HasSubstr("tokens with 20 logits at once"));
}

TEST_F(EngineTest, ASessionGoesOnFromTheStartOfAnother) {
  const auto a = NewSession();
  const auto b = NewSession();
  ASSERT_TRUE(a->Run({256, 1, 2, 3}).ok());
  ASSERT_TRUE(b->Run({7, 7}).ok());
  ASSERT_TRUE(b->CopyStart(*a, 3).ok());
  EXPECT_THAT(b->tokens(), ElementsAreArray({256, 1, 2}));
  ASSERT_TRUE(b->Run({9}).ok());
  EXPECT_EQ(Logits(*b), LogitsOf({256, 1, 2, 9}));
  // Its own start is a rewind.
  ASSERT_TRUE(a->CopyStart(*a, 2).ok());
  ASSERT_TRUE(a->Run({5}).ok());
  EXPECT_EQ(Logits(*a), LogitsOf({256, 1, 5}));
  EXPECT_EQ(b->CopyStart(*a, 4).message(),
            "Cannot copy 4 tokens (session has 3)");
  const std::unique_ptr<Engine> other_engine = Load({});
  const auto other = *other_engine->NewSession();
  EXPECT_EQ(b->CopyStart(*other, 0).message(),
            "Cannot copy from another engine's session");
}

TEST_F(EngineTest, AFullSessionSpoilsNoOther) {
  const auto full = NewSession();
  const auto other = NewSession();
  ASSERT_TRUE(full->Run(std::vector<uint32_t>(40, 5)).ok());
  ASSERT_TRUE(other->Run({256}).ok());
  EngineSession* const sessions[] = {other.get(), full.get()};
  const absl::Status status = engine_->Decode(sessions, {1, 2});
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kContextExceeded);
  EXPECT_EQ(status.message(), "Session 1 of 41 tokens exceeds its context of 40");
  EXPECT_EQ(other->length(), 1u);
  EXPECT_FALSE(other->logits().empty());
  EXPECT_EQ(GetErrorCode(full->Run({1})), ErrorCode::kContextExceeded);
  EXPECT_EQ(full->length(), 40u);
  EXPECT_FALSE(full->logits().empty());
}

TEST_F(EngineTest, RewindsToASharedPrefix) {
  const auto session = NewSession();
  ASSERT_TRUE(session->Run({256, 1, 2, 3, 4}).ok());
  const std::vector<uint32_t> next = {256, 1, 2, 9, 9};
  EXPECT_EQ(session->RewindToShared(next), 3u);
  ASSERT_TRUE(session->Run({9, 9}).ok());
  EXPECT_EQ(Logits(*session), LogitsOf(next));
  ASSERT_TRUE(session->Rewind(1).ok());
  EXPECT_TRUE(session->logits().empty());
  const absl::Status status = session->Rewind(2);
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
  EXPECT_EQ(status.message(), "Cannot rewind to 2 tokens (session has 1)");
}

TEST_F(EngineTest, SamplesWhatGenerateWouldChoose) {
  const auto session = NewSession();
  GenerationOptions options;
  options.max_new_tokens = 8;
  options.sampling = {0.9f, 40, 0.95f, 7};
  const auto generation = session->Generate("hello", options);
  ASSERT_TRUE(generation.ok()) << generation.status();
  ASSERT_TRUE(session->Rewind(0).ok());
  EXPECT_EQ(GetErrorCode(session->Sample().status()),
            ErrorCode::kInvalidLength);
  ASSERT_TRUE(session->SetSampling(options.sampling).ok());
  const auto prompt = engine_->model().tokenizer().EncodePrompt("hello");
  ASSERT_TRUE(session->Run(*prompt).ok());
  std::vector<uint32_t> tokens;
  while (tokens.size() < 8) {
    tokens.push_back(*session->Sample());
    ASSERT_TRUE(session->Run({tokens.back()}).ok());
  }
  EXPECT_EQ(tokens, generation->token_ids);
  EXPECT_EQ(GetErrorCode(session->SetSampling({-1, 1, 1, 1})),
            ErrorCode::kInvalidLength);
}

TEST_F(EngineTest, AConversationGoesOnFromItsWholeText) {
  const auto fresh = NewSession();
  const auto going_on = NewSession();
  GenerationOptions options;
  options.max_new_tokens = 4;
  ASSERT_TRUE(going_on->Generate("hello", options).ok());
  const auto expected = fresh->Generate("hello there", options);
  options.reuse_prefix = true;
  const auto generation = going_on->Generate("hello there", options);
  ASSERT_TRUE(generation.ok());
  EXPECT_EQ(generation->token_ids, expected->token_ids);
  EXPECT_EQ(going_on->generation()->reused_tokens(), 6u);
}

TEST_F(EngineTest, StreamsAndStopsWhenToldTo) {
  const auto session = NewSession();
  GenerationOptions options;
  options.max_new_tokens = 12;
  std::string streamed;
  const auto all =
      session->Generate("hello", options, [&](std::string_view bytes) {
        streamed += bytes;
        return true;
      });
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(streamed, all->output);
  int calls = 0;
  const auto some = session->Generate(
      "hello", options, [&](std::string_view) { return ++calls < 3; });
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(some->stop_reason, "cancelled");
  EXPECT_EQ(some->token_ids.size(), 3u);
}

TEST_F(EngineTest, CancelsFromAnotherThread) {
  const auto session = NewSession();
  std::atomic<bool> begun{false};
  std::thread other([&] {
    while (!begun) {
    }
    session->RequestCancel();
  });
  // Generation after generation, until the request comes.
  absl::Status status;
  while (status.ok()) {
    status = session->Generate("hello", {}, [&](std::string_view) {
      begun = true;
      return true;
    }).status();
  }
  other.join();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kCancelled);
  EXPECT_EQ(session->generation(), nullptr);
  GenerationOptions options;
  options.max_new_tokens = 2;
  EXPECT_TRUE(session->Generate("hello", options).ok());
}

TEST_F(EngineTest, ARequestToCancelIsOneSessionsOwn) {
  const auto a = NewSession();
  const auto b = NewSession();
  a->RequestCancel();
  EXPECT_TRUE(b->Run({256, 1}).ok());
  EXPECT_EQ(GetErrorCode(a->Run({256})), ErrorCode::kCancelled);
  EXPECT_TRUE(a->Run({256}).ok());
}

TEST_F(EngineTest, AdaptersEmptyAllSessionsAndResetRestoresTheModel) {
  const auto a = NewSession();
  const auto b = NewSession();
  ASSERT_TRUE(a->Run({256, 1}).ok());
  ASSERT_TRUE(b->Begin("hello", {}).ok());
  const std::vector<float> base = Logits(*a);
  ASSERT_TRUE(engine_->ValidateAdapter(AsBytes(adapter_.text())).ok());
  EXPECT_EQ(a->length(), 2u);
  const AlignedBytes broken("ADP1 but no adapter");
  EXPECT_FALSE(engine_->ApplyAdapter(AsBytes(broken.text())).ok());
  EXPECT_EQ(a->length(), 2u);
  ASSERT_TRUE(engine_->ApplyAdapter(AsBytes(adapter_.text())).ok());
  EXPECT_EQ(a->length(), 0u);
  EXPECT_EQ(b->length(), 0u);
  EXPECT_EQ(b->generation(), nullptr);
  EXPECT_EQ(engine_->adapters().digests().size(), 1u);
  ASSERT_TRUE(a->Run({256, 1}).ok());
  EXPECT_NE(Logits(*a), base);
  engine_->ResetAdapters();
  EXPECT_EQ(a->length(), 0u);
  ASSERT_TRUE(a->Run({256, 1}).ok());
  EXPECT_EQ(Logits(*a), base);
}

TEST_F(EngineTest, HasAsManySessionsAsPlanned) {
  auto a = NewSession();
  const auto b = NewSession();
  const auto c = NewSession();
  const absl::Status status = engine_->NewSession().status();
  EXPECT_EQ(GetErrorCode(status), ErrorCode::kResourceLimit);
  EXPECT_EQ(status.message(),
            "Engine has 3 sessions already (sequences is 3)");
  a.reset();
  EXPECT_TRUE(engine_->NewSession().ok());
}

TEST_F(EngineTest, RefusesAPromptWithoutTouchingTheGeneration) {
  const auto session = NewSession();
  GenerationOptions options;
  options.max_new_tokens = 4;
  const std::string whole = session->Generate("hello", options)->output;
  ASSERT_TRUE(session->Begin("hello", options).ok());
  std::string output = **session->Next();
  EXPECT_EQ(GetErrorCode(session->Begin(std::string(100, 'a'), options)),
            ErrorCode::kContextExceeded);
  GenerationOptions wrong;
  wrong.sampling.top_p = 2;
  EXPECT_EQ(GetErrorCode(session->Begin("a", wrong)),
            ErrorCode::kInvalidLength);
  EXPECT_EQ(GetErrorCode(session->Run({999})), ErrorCode::kInvalidLength);
  EXPECT_EQ(GetErrorCode(session->Rewind(99)), ErrorCode::kInvalidLength);
  while (true) {
    const auto bytes = session->Next();
    ASSERT_TRUE(bytes.ok());
    if (!bytes->has_value()) break;
    output += **bytes;
  }
  EXPECT_EQ(output, whole);
}

TEST_F(EngineTest, RefusesOptionsOutOfRange) {
  const auto message = [this](const EngineConfig& config) {
    const absl::Status status =
        Engine::Load(AsBytes(file_.text()), config).status();
    EXPECT_EQ(GetErrorCode(status), ErrorCode::kInvalidLength);
    return std::string(status.message());
  };
  EngineConfig config;
  config.threads = 0;
  EXPECT_THAT(message(config), HasSubstr("threads is 0 (expected 1..256)"));
  config = EngineConfig();
  config.sequences = 65;
  EXPECT_THAT(message(config), HasSubstr("logits_rows is 65 (expected 1..64)"));
  config = EngineConfig();
  config.context_tokens = 49;
  EXPECT_THAT(message(config), HasSubstr("49"));
}

TEST_F(EngineTest, RefusesAnotherModelThanExpected) {
  const auto load = [this](const Digest& expected) {
    return Engine::Load(
        std::make_unique<BorrowedBytes>(AsBytes(file_.text())), {}, expected);
  };
  EXPECT_TRUE(load(Sha256(file_.text())).ok());
  const absl::Status status = load(Sha256("another")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(Sha256("another").ToString()));
}

}  // namespace
}  // namespace pedigree
