#include "evaluator/suite_builder.h"

#include <string>
#include <vector>

#include "evaluator/records.pb.h"
#include "gtest/gtest.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

std::string Line(const std::string& id) {
  return "{\"id\":\"" + id +
         "\",\"prompt\":\"p\",\"expected\":\"e\",\"max_new_tokens\":4}\n";
}

absl::StatusOr<Suite> Build(const std::vector<CaseFile>& files) {
  return BuildSuite("smoke", "1", files);
}

TEST(SuiteBuilderTest, GathersTheCasesOfAllFiles) {
  const auto suite = Build({{"x", Line("c") + Line("a")}, {"y", Line("b")}});
  ASSERT_TRUE(suite.ok()) << suite.status();
  ASSERT_EQ(suite->cases.size(), 3u);
  EXPECT_EQ(suite->cases[0].id, "a");
  EXPECT_EQ(suite->cases[2].id, "c");
}

TEST(SuiteBuilderTest, FilesAndLinesAreNotPartOfTheIdentity) {
  const auto one = Build({{"x", Line("a") + Line("b")}});
  const auto two = Build({{"y", "\n" + Line("b")}, {"z", Line("a") + " \n"}});
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(SuiteDigest(*one), SuiteDigest(*two));
}

TEST(SuiteBuilderTest, AFrozenSuiteIsReadBack) {
  const auto suite = Build({{"x", Line("a")}});
  ASSERT_TRUE(suite.ok()) << suite.status();
  const std::string frozen = CanonicalJson(SuiteToJson(*suite));
  const auto again = ParseFrozenSuite(frozen);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(SuiteDigest(*again), SuiteDigest(*suite));
}

TEST(SuiteBuilderTest, AFrozenSuiteIsTheJsonFormOfTheMessage) {
  const auto suite = Build({{"x", Line("a") + Line("b")}});
  ASSERT_TRUE(suite.ok()) << suite.status();
  const std::string frozen = CanonicalJson(SuiteToJson(*suite));
  evaluator::Suite message;
  const absl::Status status = ParseCanonicalRecord(frozen, "suite", &message);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(CanonicalRecord(message), frozen);
  EXPECT_EQ(message.cases(1).id(), "b");
}

TEST(SuiteBuilderTest, RefusesAFrozenSuiteThatIsNotCanonical) {
  const auto suite = Build({{"x", Line("a")}});
  ASSERT_TRUE(suite.ok()) << suite.status();
  const auto again =
      ParseFrozenSuite(CanonicalJson(SuiteToJson(*suite)) + "\n");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.status().message(), "Invalid suite: not in canonical form");
  EXPECT_EQ(GetErrorCode(again.status()), ErrorCode::kInvalidEvalCases);
}

void ExpectRefusal(const std::vector<CaseFile>& files,
                   const std::string& message) {
  const auto suite = Build(files);
  ASSERT_FALSE(suite.ok());
  EXPECT_EQ(GetErrorCode(suite.status()), ErrorCode::kInvalidEvalCases);
  EXPECT_EQ(suite.status().message(), message);
}

TEST(SuiteBuilderTest, ErrorsNameFileAndLine) {
  ExpectRefusal({{"x.jsonl", Line("a")}, {"y.jsonl", "\n" + Line("")}},
                "y.jsonl:2: Invalid eval case: \"id\" is 0 bytes long "
                "(expected 1 to 128)");
  ExpectRefusal({{"x.jsonl", Line("a") + "{"}},
                "x.jsonl:2: Invalid eval case: not JSON at byte 2");
}

TEST(SuiteBuilderTest, ADuplicateIdNamesBothPlaces) {
  ExpectRefusal({{"x.jsonl", Line("b") + Line("a")}, {"y.jsonl", Line("a")}},
                "y.jsonl:1: Invalid eval case: id \"a\" is taken by x.jsonl:2");
}

TEST(SuiteBuilderTest, NoCasesNameTheFiles) {
  ExpectRefusal({{"x.jsonl", ""}, {"y.jsonl", "\n"}},
                "x.jsonl, y.jsonl: Invalid suite: 0 cases (expected 1 to "
                "100000)");
}

}  // namespace
}  // namespace pedigree
