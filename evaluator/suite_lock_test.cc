#include "evaluator/suite_lock.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "evaluator/records.pb.h"
#include "evaluator/testing.h"
#include "gtest/gtest.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

using Phrases = std::vector<std::string>;

evaluator::SuiteLock LockOf(const Suite& suite) {
  const auto lock = ParseSuiteLock(SuiteLockText(MakeSuiteLock(suite)));
  EXPECT_TRUE(lock.ok()) << lock.status();
  return *lock;
}

TEST(SuiteLockTest, HasOneLineACase) {
  const Suite suite = MakeTestSuite("smoke", {"a", "b"});
  EXPECT_EQ(SuiteLockText(MakeSuiteLock(suite)),
            "# Written by freezing the suite; edit the cases and freeze it "
            "anew.\n"
            "schema_version: \"pedigree.suite_lock.v1\"\n"
            "name: \"smoke\"\n"
            "version: \"1\"\n"
            "suite_digest: \"" + SuiteDigest(suite).ToString() + "\"\n"
            "cases { id: \"a\" digest: \"" +
                EvalCaseDigest(suite.cases[0]).ToString() + "\" }\n"
            "cases { id: \"b\" digest: \"" +
                EvalCaseDigest(suite.cases[1]).ToString() + "\" }\n");
}

TEST(SuiteLockTest, AnUnchangedSuiteDoesNotDrift) {
  const Suite suite = MakeTestSuite("smoke", {"a", "b"});
  EXPECT_EQ(SuiteDrift(suite, LockOf(suite)), Phrases{});
  EXPECT_TRUE(CheckSuiteLock(suite, LockOf(suite), "freeze").ok());
}

TEST(SuiteLockTest, NamesEveryCaseThatDrifted) {
  const Suite before = MakeTestSuite("smoke", {"a", "b", "c"});
  Suite after = MakeTestSuite("smoke", {"a", "b", "d"});
  after.cases[1].expected = "other";
  EXPECT_EQ(SuiteDrift(after, LockOf(before)),
            (Phrases{"changed case \"b\" (" +
                         EvalCaseDigest(after.cases[1]).ToString() +
                         ", locked " +
                         EvalCaseDigest(before.cases[1]).ToString() + ")",
                     "added case \"d\"", "removed case \"c\""}));
}

TEST(SuiteLockTest, NameAndVersionAreLocked) {
  const Suite before = MakeTestSuite("smoke", {"a"});
  Suite after = before;
  after.name = "fire";
  after.version = "2";
  EXPECT_EQ(SuiteDrift(after, LockOf(before)),
            (Phrases{"name \"fire\" (locked \"smoke\")",
                     "version \"2\" (locked \"1\")"}));
}

TEST(SuiteLockTest, ALockEditedByHandDrifts) {
  const Suite suite = MakeTestSuite("smoke", {"a"});
  evaluator::SuiteLock lock = LockOf(suite);
  lock.set_suite_digest("sha256:0");
  EXPECT_EQ(SuiteDrift(suite, lock),
            Phrases{"suite digest \"" + SuiteDigest(suite).ToString() +
                    "\" (locked \"sha256:0\")"});
}

TEST(SuiteLockTest, TheMessageSaysHowToFreezeAnew) {
  const Suite before = MakeTestSuite("smoke", {"a"});
  const Suite after = MakeTestSuite("smoke", {"a", "b"});
  EXPECT_EQ(CheckSuiteLock(after, LockOf(before), "bazel run //x:y.freeze"),
            absl::FailedPreconditionError(
                "Suite \"smoke\" drifted from its lock: added case \"b\"; to "
                "freeze it anew: bazel run //x:y.freeze"));
}

TEST(SuiteLockTest, RefusesAnotherSchema) {
  EXPECT_EQ(ParseSuiteLock("schema_version: \"v2\"").status(),
            absl::InvalidArgumentError(
                "Invalid suite lock: \"schema_version\" is \"v2\" (expected "
                "\"pedigree.suite_lock.v1\")"));
}

}  // namespace
}  // namespace pedigree
