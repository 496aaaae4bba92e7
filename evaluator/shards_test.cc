#include "evaluator/shards.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "evaluator/testing.h"
#include "gtest/gtest.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

using evaluator::SidecarShard;

const std::map<std::string, std::string>& Answers() {
  static const auto& answers = *new std::map<std::string, std::string>(
      {{"b", "wrong"}, {"d", "!"}, {"e", "\xFF"}});
  return answers;
}

Suite TestSuite() {
  return MakeTestSuite("smoke", {"a", "b", "c", "d", "e", "f", "g"});
}

std::string ShardText(uint32_t index, uint32_t count,
                      const Json& run = Json::object()) {
  return RunTestSuite(TestSuite(), "model", Answers(),
                      {{"run", run},
                       {"shard", {{"index", index}, {"count", count}}}});
}

std::vector<std::string> ShardTexts(uint32_t count,
                                    const Json& run = Json::object()) {
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < count; ++i) {
    texts.push_back(ShardText(i, count, run));
  }
  return texts;
}

absl::StatusOr<std::string> Merge(const std::vector<std::string>& texts,
                                  const Suite& suite) {
  std::vector<Shard> shards;
  for (const std::string& text : texts) {
    absl::StatusOr<Shard> shard =
        ParseShard("file-" + std::to_string(shards.size()), text);
    if (!shard.ok()) return shard.status();
    shards.push_back(*std::move(shard));
  }
  return MergeShards(std::move(shards), suite);
}

TEST(ShardsTest, AnyNumberOfThemMakesTheSameSidecar) {
  for (const Json& run :
       {Json::object(), Json{{"fail_fast", true}},
        Json{{"max_forward_passes", 20}},
        Json{{"max_forward_passes", 20}, {"omit_texts", true}}}) {
    const std::string whole =
        RunTestSuite(TestSuite(), "model", Answers(), {{"run", run}});
    for (const uint32_t count : {1u, 2u, 3u, 7u, 9u}) {
      std::vector<std::string> texts = ShardTexts(count, run);
      EXPECT_EQ(*Merge(texts, TestSuite()), whole) << run << count;
      // In any order.
      std::reverse(texts.begin(), texts.end());
      EXPECT_EQ(*Merge(texts, TestSuite()), whole) << run << count;
    }
  }
}

std::string MessageOf(const std::vector<std::string>& texts,
                      const Suite& suite = TestSuite()) {
  const auto sidecar = Merge(texts, suite);
  EXPECT_EQ(sidecar.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(sidecar.status().message());
}

TEST(ShardsTest, RefusesAMissingOrRepeatedShard) {
  EXPECT_EQ(MessageOf({}), "Invalid shard: none");
  EXPECT_EQ(MessageOf({ShardText(0, 3), ShardText(2, 3)}),
            "Invalid shard: shard 1 of 3 is missing");
  EXPECT_EQ(MessageOf({ShardText(1, 2), ShardText(1, 2)}),
            "Invalid shard: file-1 and file-0 are both shard 1 of 2");
  EXPECT_EQ(MessageOf({ShardText(0, 2), ShardText(1, 3)}),
            "Invalid shard: file-1 is one of 3, file-0 one of 2");
}

TEST(ShardsTest, RefusesAShardOfAnotherRun) {
  std::vector<std::string> texts = ShardTexts(2);
  texts[1] = RunTestSuite(TestSuite(), "other", Answers(),
                          {{"shard", {{"index", 1}, {"count", 2}}}});
  const std::string message = MessageOf(texts);
  EXPECT_EQ(message.rfind("Invalid shard: file-1 is of another run: "
                          "\"assembly_digest\" is \"sha256:",
                          0),
            0u)
      << message;
  texts[1] = ShardText(1, 2, {{"fail_fast", true}});
  EXPECT_EQ(MessageOf(texts),
            "Invalid shard: file-1 is of another run: \"run.fail_fast\" is "
            "true (file-0 has false)");
}

TEST(ShardsTest, RefusesShardsOfAnotherSuite) {
  const Suite other = MakeTestSuite("smoke", {"a", "b", "c"});
  const std::string message = MessageOf(ShardTexts(2), other);
  EXPECT_EQ(message, "Invalid shard: file-0 is of suite " +
                         SuiteDigest(TestSuite()).ToString() + " (expected " +
                         SuiteDigest(other).ToString() + ")");
}

// A shard's record with a member changed.
template <typename Change>
std::string Forged(const std::string& text, Change change) {
  SidecarShard shard;
  EXPECT_TRUE(ParseCanonicalRecord(text, "shard", &shard).ok());
  change(shard);
  return CanonicalRecord(shard);
}

TEST(ShardsTest, RefusesATruncatedShard) {
  std::vector<std::string> texts = ShardTexts(2);
  const std::string whole = texts[1];
  texts[1] = whole.substr(0, whole.size() / 2);
  EXPECT_NE(MessageOf(texts).find("not JSON"), std::string::npos);
  // Well-formed, with its last case gone.
  texts[1] = Forged(whole, [](SidecarShard& shard) {
    shard.mutable_cases()->RemoveLast();
    shard.mutable_counted()->mutable_use()->set_case_count(2);
    shard.mutable_counted()->mutable_use()->set_prompt_tokens(10);
    shard.mutable_counted()->mutable_use()->set_generated_tokens(6);
    shard.mutable_counted()->mutable_use()->set_forward_passes(14);
    shard.mutable_counted()->mutable_use()->set_logits_passes(6);
  });
  EXPECT_EQ(MessageOf(texts),
            "Invalid shard: file-1 has 3 cases (shard 1 of 2 has 4 of 7)");
  // Or made out not to have been run.
  texts[1] = Forged(whole, [](SidecarShard& shard) {
    evaluator::CaseResult& last = *shard.mutable_cases(3);
    last.set_stop_reason("not-run:limit");
    last.set_passed(false);
    last.set_actual("");
    last.set_actual_digest(Sha256("").ToString());
  });
  EXPECT_EQ(MessageOf(texts),
            "Invalid shard: Case \"g\" has stop reason \"not-run:limit\" "
            "(expected a result: nothing before it ends the run)");
}

TEST(ShardsTest, RefusesAnotherCaseInAPlace) {
  std::vector<std::string> texts = ShardTexts(2);
  const std::string whole = texts[0];
  texts[0] = Forged(whole, [](SidecarShard& shard) {
    shard.mutable_cases(2)->set_id("ca");
  });
  EXPECT_EQ(MessageOf(texts),
            "Invalid shard: file-0 has case \"ca\" where the suite has \"c\"");
  texts[0] = Forged(whole, [](SidecarShard& shard) {
    shard.mutable_cases(2)->set_hard(true);
  });
  EXPECT_EQ(MessageOf(texts),
            "Invalid shard: file-0: case \"c\" has \"hard\" true (the suite's "
            "has false)");
}

}  // namespace
}  // namespace pedigree
