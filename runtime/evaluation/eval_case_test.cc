#include "runtime/evaluation/eval_case.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

Json MinimalCase() {
  return Json{{"id", "capital/fr"},
              {"prompt", "The capital of France is"},
              {"expected", " Paris"},
              {"max_new_tokens", 4u}};
}

TEST(EvalCaseTest, FillsInWhatMayBeLeftOut) {
  const auto eval_case = ParseEvalCase(MinimalCase());
  ASSERT_TRUE(eval_case.ok()) << eval_case.status();
  EXPECT_EQ(eval_case->scorer, "exact-match");
  EXPECT_TRUE(eval_case->tags.empty());
  EXPECT_EQ(eval_case->source_cluster, "");
  EXPECT_FALSE(eval_case->hard);
}

TEST(EvalCaseTest, CanonicalFormHasEveryMember) {
  const auto eval_case = ParseEvalCase(MinimalCase());
  ASSERT_TRUE(eval_case.ok()) << eval_case.status();
  EXPECT_EQ(CanonicalJson(EvalCaseToJson(*eval_case)),
            "{\"choices\":[],\"expected\":\" Paris\",\"hard\":false,\"id\":\"capital/fr\","
            "\"max_new_tokens\":4,\"prompt\":\"The capital of France is\","
            "\"scorer\":\"exact-match\",\"source_cluster\":\"\",\"stop\":[],"
            "\"tags\":[]}");
}

TEST(EvalCaseTest, CanonicalFormIsReadBackUnchanged) {
  Json json = MinimalCase();
  json["tags"] = {"geo", "easy"};
  json["source_cluster"] = "atlas-1";
  json["hard"] = true;
  json["stop"] = {"\n", "."};
  const auto first = ParseEvalCase(json);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->tags, (std::vector<std::string>{"easy", "geo"}));
  const auto second = ParseEvalCase(EvalCaseToJson(*first));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(EvalCaseToJson(*second), EvalCaseToJson(*first));
  EXPECT_EQ(EvalCaseDigest(*second), EvalCaseDigest(*first));
}

TEST(EvalCaseTest, DigestCoversEveryMember) {
  Json full = MinimalCase();
  full["tags"] = {"geo"};
  full["source_cluster"] = "atlas-1";
  full["hard"] = true;
  full["stop"] = {"."};
  const auto base = ParseEvalCase(full);
  ASSERT_TRUE(base.ok()) << base.status();
  const Json changes = {{"id", "other"},       {"prompt", "x"},
                        {"expected", "x"},     {"max_new_tokens", 5u},
                        {"tags", Json::array()}, {"source_cluster", "x"},
                        {"hard", false},        {"scorer", "prefix"},
                        {"stop", Json::array()}};
  for (const auto& [member, value] : changes.items()) {
    Json changed = full;
    changed[member] = value;
    const auto other = ParseEvalCase(changed);
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_NE(EvalCaseDigest(*other), EvalCaseDigest(*base)) << member;
  }
}

struct BadMember {
  std::string member;
  Json value;
  std::string message;
};

class EvalCaseRefusalTest : public testing::TestWithParam<BadMember> {};

TEST_P(EvalCaseRefusalTest, NamesTheMemberAndBothValues) {
  Json json = MinimalCase();
  json[GetParam().member] = GetParam().value;
  const auto eval_case = ParseEvalCase(json);
  ASSERT_FALSE(eval_case.ok());
  EXPECT_EQ(GetErrorCode(eval_case.status()), ErrorCode::kInvalidEvalCases);
  EXPECT_EQ(eval_case.status().message(),
            "Invalid eval case: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Members, EvalCaseRefusalTest,
    testing::Values(
        BadMember{"id", "", "\"id\" is 0 bytes long (expected 1 to 128)"},
        BadMember{"id", std::string(129, 'a'),
                  "\"id\" is 129 bytes long (expected 1 to 128)"},
        BadMember{"id", "a b",
                  "\"id\" has byte 32 at position 1 (expected letters, digits "
                  "and -_.+/)"},
        BadMember{"id", 7, "\"id\" is a number (expected string)"},
        BadMember{"prompt", std::string(65537, 'x'),
                  "\"prompt\" is 65537 bytes long (at most 65536)"},
        BadMember{"expected", std::string(65537, 'x'),
                  "\"expected\" is 65537 bytes long (at most 65536)"},
        BadMember{"max_new_tokens", 0u,
                  "\"max_new_tokens\" is 0 (expected 1 to 4096)"},
        BadMember{"max_new_tokens", 4097u,
                  "\"max_new_tokens\" is 4097 (expected 1 to 4096)"},
        BadMember{"scorer", "vibes",
                  "unknown scorer \"vibes\" (expected \"exact-match\", "
                  "\"prefix\", \"contains\", \"choice\", "
                  "\"choice-normalized\" or \"bits-per-byte\")"},
        BadMember{"choices", {"a", "b"},
                  "\"choices\" with scorer \"exact-match\" (expected none)"},
        BadMember{"stop", {""}, "a stop string is empty"},
        BadMember{"stop", {"a", "a"}, "stop string \"a\" is repeated"},
        BadMember{"stop", {std::string(257, 'x')},
                  "\"stop\" is 257 bytes long (at most 256)"},
        BadMember{"stop", Json(std::vector<std::string>(17, "a")),
                  "\"stop\" has 17 elements (at most 16)"},
        BadMember{"tags", {"a", "a"}, "tag \"a\" is repeated"},
        BadMember{"tags", {1}, "\"tags\" holds a number (expected string)"},
        BadMember{"tags", Json(std::vector<std::string>(17, "a")),
                  "\"tags\" has 17 elements (at most 16)"},
        BadMember{"source_cluster", "\n",
                  "\"source_cluster\" has byte 10 at position 0 (expected "
                  "letters, digits and -_.+/)"},
        BadMember{"hard", "yes", "\"hard\" is a string (expected boolean)"},
        BadMember{"promt", "x", "unknown key \"promt\""}));

Json ChoiceCase() {
  return Json{{"id", "colour"},
              {"prompt", "The sky is"},
              {"expected", " blue"},
              {"scorer", "choice"},
              {"choices", {" red", " blue"}}};
}

TEST(EvalCaseTest, AChoiceKeepsTheOrderOfItsTexts) {
  const auto eval_case = ParseEvalCase(ChoiceCase());
  ASSERT_TRUE(eval_case.ok()) << eval_case.status();
  EXPECT_EQ(eval_case->choices, (std::vector<std::string>{" red", " blue"}));
  EXPECT_EQ(eval_case->max_new_tokens, 0u);
  const auto again = ParseEvalCase(EvalCaseToJson(*eval_case));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(EvalCaseDigest(*again), EvalCaseDigest(*eval_case));
  Json swapped = ChoiceCase();
  swapped["choices"] = {" blue", " red"};
  EXPECT_NE(EvalCaseDigest(*ParseEvalCase(swapped)),
            EvalCaseDigest(*eval_case));
}

TEST(EvalCaseTest, RefusesAChoiceThatCannotBeJudged) {
  const auto refusal = [](const char* member, const Json& value) {
    Json json = ChoiceCase();
    json[member] = value;
    return std::string(ParseEvalCase(json).status().message());
  };
  EXPECT_EQ(refusal("expected", " green"),
            "Invalid eval case: \"expected\" is not one of \"choices\"");
  EXPECT_EQ(refusal("choices", {" blue"}),
            "Invalid eval case: \"choices\" has 1 elements (expected 2 to 64)");
  EXPECT_EQ(refusal("choices", {" blue", " red", " red"}),
            "Invalid eval case: choice \" red\" is repeated");
  EXPECT_EQ(refusal("choices", {" blue", ""}),
            "Invalid eval case: a choice is empty");
  EXPECT_EQ(refusal("max_new_tokens", 1u),
            "Invalid eval case: \"max_new_tokens\" is 1 (expected 0 to 0)");
  EXPECT_EQ(refusal("stop", {"."}),
            "Invalid eval case: \"stop\" with scorer \"choice\" (expected "
            "none)");
}

TEST(EvalCaseTest, BitsPerByteExpectsADecimal) {
  Json json = {{"id", "text"},
               {"prompt", "Some text."},
               {"expected", "1.25"},
               {"scorer", "bits-per-byte"}};
  EXPECT_TRUE(ParseEvalCase(json).ok());
  for (const char* expected : {"", "-1", "1.", ".5", "1e3", "1.2345678"}) {
    json["expected"] = expected;
    EXPECT_EQ(ParseEvalCase(json).status().message(),
              std::string("Invalid eval case: \"expected\" is \"") + expected +
                  "\" (expected the most bits per byte that pass, a decimal "
                  "with at most 6 digits after the point)");
  }
}

TEST(EvalCaseTest, RefusesAMissingMember) {
  for (const char* member : {"id", "prompt", "expected", "max_new_tokens"}) {
    Json json = MinimalCase();
    json.erase(member);
    const auto eval_case = ParseEvalCase(json);
    ASSERT_FALSE(eval_case.ok());
    EXPECT_EQ(eval_case.status().message(),
              "Invalid eval case: \"" + std::string(member) + "\" is missing");
  }
}

}  // namespace
}  // namespace pedigree
