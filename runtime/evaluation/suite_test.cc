#include "runtime/evaluation/suite.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

EvalCase Case(const std::string& id) {
  EvalCase eval_case;
  eval_case.id = id;
  eval_case.prompt = "p";
  eval_case.expected = "e";
  eval_case.max_new_tokens = 1;
  return eval_case;
}

Suite MakeTestSuite(std::vector<EvalCase> cases) {
  auto suite = MakeSuite("smoke", "1", std::move(cases));
  EXPECT_TRUE(suite.ok()) << suite.status();
  return *std::move(suite);
}

TEST(SuiteTest, OrderOfCasesIsNotPartOfItsIdentity) {
  const Suite ab = MakeTestSuite({Case("a"), Case("b")});
  const Suite ba = MakeTestSuite({Case("b"), Case("a")});
  EXPECT_EQ(SuiteDigest(ab), SuiteDigest(ba));
  EXPECT_EQ(ba.cases[0].id, "a");
}

TEST(SuiteTest, DigestIsOfTheCanonicalDocument) {
  const Suite suite = MakeTestSuite({Case("a")});
  const std::string document = CanonicalJson(SuiteToJson(suite));
  EXPECT_EQ(document,
            "{\"cases\":[{\"choices\":[],\"expected\":\"e\",\"hard\":false,"
            "\"id\":\"a\",\"max_new_tokens\":1,\"prompt\":\"p\","
            "\"scorer\":\"exact-match\",\"source_cluster\":\"\",\"stop\":[],"
            "\"tags\":[]}],\"name\":\"smoke\","
            "\"schema_version\":\"pedigree.suite.v1\",\"version\":\"1\"}");
  EXPECT_EQ(SuiteDigest(suite), Sha256(document));
}

TEST(SuiteTest, DigestCoversNameAndVersion) {
  const Suite suite = MakeTestSuite({Case("a")});
  Suite renamed = suite;
  renamed.name = "other";
  Suite renumbered = suite;
  renumbered.version = "2";
  EXPECT_NE(SuiteDigest(renamed), SuiteDigest(suite));
  EXPECT_NE(SuiteDigest(renumbered), SuiteDigest(suite));
}

TEST(SuiteTest, HandWrittenDocumentHasTheFrozenOnesIdentity) {
  const auto json = ParseJson(R"({
    "schema_version": "pedigree.suite.v1", "name": "smoke", "version": "1",
    "cases": [{"id": "b", "prompt": "p", "expected": "e", "max_new_tokens": 1},
              {"id": "a", "prompt": "p", "expected": "e", "max_new_tokens": 1}]
  })", "suite");
  ASSERT_TRUE(json.ok()) << json.status();
  const auto suite = ParseSuite(*json);
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ(SuiteDigest(*suite),
            SuiteDigest(MakeTestSuite({Case("a"), Case("b")})));
}

void ExpectRefusal(const Json& json, const std::string& message) {
  const auto suite = ParseSuite(json);
  ASSERT_FALSE(suite.ok());
  EXPECT_EQ(GetErrorCode(suite.status()), ErrorCode::kInvalidEvalCases);
  EXPECT_EQ(suite.status().message(), message);
}

TEST(SuiteTest, RefusesASuiteWithoutCases) {
  Json json = SuiteToJson(MakeTestSuite({Case("a")}));
  json["cases"] = Json::array();
  ExpectRefusal(json, "Invalid suite: 0 cases (expected 1 to 100000)");
}

TEST(SuiteTest, RefusesTwoCasesOfOneId) {
  Json json = SuiteToJson(MakeTestSuite({Case("a")}));
  json["cases"].push_back(json["cases"][0]);
  ExpectRefusal(json, "Invalid suite: two cases have the id \"a\"");
}

TEST(SuiteTest, RefusesTooManyCases) {
  Json json = SuiteToJson(MakeTestSuite({Case("a")}));
  json["cases"] = Json(std::vector<int>(100001));
  ExpectRefusal(json, "Invalid suite: 100001 cases (expected 1 to 100000)");
}

TEST(SuiteTest, RefusesAnotherSchema) {
  Json json = SuiteToJson(MakeTestSuite({Case("a")}));
  json["schema_version"] = "pedigree.suite.v2";
  ExpectRefusal(json,
                "Invalid suite: \"schema_version\" is \"pedigree.suite.v2\" "
                "(expected \"pedigree.suite.v1\")");
}

TEST(SuiteTest, RefusesAnUnknownMember) {
  Json json = SuiteToJson(MakeTestSuite({Case("a")}));
  json["author"] = "x";
  ExpectRefusal(json, "Invalid suite: unknown key \"author\"");
}

TEST(SuiteTest, SaysWhichCaseIsBad) {
  Json json = SuiteToJson(MakeTestSuite({Case("a"), Case("b")}));
  json["cases"][1]["hard"] = 1;
  ExpectRefusal(json,
                "Invalid eval case: \"hard\" is a number (expected boolean), "
                "case 1");
}

TEST(SuiteTest, RefusesANameThatNeedsEscaping) {
  const auto suite = MakeSuite("smoke test", "1", {Case("a")});
  ASSERT_FALSE(suite.ok());
  EXPECT_EQ(suite.status().message(),
            "Invalid suite: \"name\" has byte 32 at position 5 (expected "
            "letters, digits and -_.+/)");
}

}  // namespace
}  // namespace pedigree
