#include "evaluator/commands.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "evaluator/records.pb.h"
#include "evaluator/testing.h"
#include "gtest/gtest.h"
#include "runtime/base/command_line.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

constexpr char kMalformed[] = "fixtures/suites/malformed";

struct Ran {
  int exit_code;
  std::string out;
  std::string err;
};

Ran RunCommand(std::vector<std::string> args) {
  CommandLine program("slm_gate", "Tests.");
  AddEvaluatorCommands(program);
  args.insert(args.begin(), "slm_gate");
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  ran.exit_code = program.Run(static_cast<int>(argv.size()), argv.data());
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

std::string Read(const std::string& path) {
  const auto contents = ReadFile(path);
  EXPECT_TRUE(contents.ok()) << contents.status();
  return contents.ok() ? *contents : "";
}

// A path in a folder of this test's own.
std::string Scratch(const std::string& name) {
  const std::string test =
      testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / test;
  std::filesystem::create_directories(folder);
  return folder / name;
}

std::string Write(const std::string& name, const std::string& contents) {
  const std::string path = Scratch(name);
  EXPECT_TRUE(WriteFileAtomically(path, contents).ok());
  return path;
}

std::string Line(const std::string& id, const std::string& expected = "e") {
  return "{\"id\":\"" + id + "\",\"prompt\":\"p\",\"expected\":\"" + expected +
         "\",\"max_new_tokens\":4}\n";
}

TEST(SuiteCommandTest, FreezesThenBuilds) {
  const std::string cases = Write("cases.jsonl", Line("b") + Line("a"));
  const std::string lock = Scratch("new.lock");
  const std::string out = Scratch("suite.json");
  std::filesystem::remove(lock);
  const Ran freeze =
      RunCommand({"suite", "freeze", "--name=smoke", "--version=1",
                  "--lock=" + lock, cases});
  EXPECT_EQ(freeze.exit_code, 0) << freeze.err;
  EXPECT_TRUE(absl::StartsWith(freeze.out, "froze suite smoke 1, 2 cases, "));
  EXPECT_TRUE(absl::EndsWith(freeze.out, ": new lock\n")) << freeze.out;
  const Ran build = RunCommand({"suite", "build", "--name=smoke", "--version=1",
                         "--lock=" + lock, "--out=" + out, cases});
  EXPECT_EQ(build.exit_code, 0) << build.err;
  evaluator::Suite suite;
  EXPECT_TRUE(ParseCanonicalRecord(Read(out), "suite", &suite).ok());
  EXPECT_EQ(suite.cases_size(), 2);
}

TEST(SuiteCommandTest, FreezingAnewSaysWhatChanged) {
  const std::string lock = Scratch("x.lock");
  std::filesystem::remove(lock);
  std::string cases = Write("cases.jsonl", Line("a"));
  const std::vector<std::string> freeze = {
      "suite", "freeze", "--name=smoke", "--version=1", "--lock=" + lock,
      cases};
  EXPECT_EQ(RunCommand(freeze).exit_code, 0);
  EXPECT_TRUE(absl::EndsWith(RunCommand(freeze).out, ": unchanged\n"));
  Write("cases.jsonl", Line("b"));
  EXPECT_TRUE(absl::EndsWith(
      RunCommand(freeze).out, ": added case \"b\", removed case \"a\"\n"));
}

TEST(SuiteCommandTest, ADriftedSuiteIsRefusedWithTheWayOut) {
  const std::string lock = Scratch("x.lock");
  const std::string cases = Write("cases.jsonl", Line("a"));
  EXPECT_EQ(RunCommand({"suite", "freeze", "--name=smoke", "--version=1",
                 "--lock=" + lock, cases})
                .exit_code,
            0);
  Write("cases.jsonl", Line("a") + Line("b"));
  const std::string out = Scratch("suite.json");
  const Ran build = RunCommand({"suite", "build", "--name=smoke", "--version=1",
                         "--lock=" + lock, "--out=" + out,
                         "--freeze-command=bazel run //x:smoke.freeze", cases});
  EXPECT_EQ(build.exit_code, 2);
  EXPECT_EQ(build.err,
            "slm_gate: " + lock +
                ": Suite \"smoke\" drifted from its lock: added case \"b\"; "
                "to freeze it anew: bazel run //x:smoke.freeze\n");
  EXPECT_FALSE(std::filesystem::exists(out));
}

// A policy and sidecars on disk, and the command that judges them.
class GateCommandTest : public testing::Test {
 protected:
  std::vector<std::string> Command(
      const std::map<std::string, std::string>& answers) {
    const Suite suite = MakeTestSuite("smoke", {"a", "b"});
    sidecar_ = Write("s.json", RunTestSuite(suite, "candidate", answers));
    baseline_ = Write("b.json", RunTestSuite(suite, "parent", {}));
    decision_ = Scratch("decision.json");
    const std::string policy = Write(
        "policy.textproto",
        "schema_version: \"pedigree.gate_policy.v1\" name: \"t\" version: "
        "\"1\" claim_level: \"runtime-smoke\" suites { name: \"smoke\" "
        "min_pass_rate: \"1\" }");
    return {"gate", "--policy=" + policy, "--sidecar=" + sidecar_,
            "--baseline=" + baseline_, "--out=" + decision_};
  }

  std::string sidecar_;
  std::string baseline_;
  std::string decision_;
};

TEST_F(GateCommandTest, APassIsZero) {
  const Ran ran = RunCommand(Command({}));
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_TRUE(absl::StartsWith(ran.out, "verdict PASS, action promote"));
}

TEST_F(GateCommandTest, ARefusalIsOneAndIsRecorded) {
  const Ran ran = RunCommand(Command({{"a", "?"}}));
  EXPECT_EQ(ran.exit_code, 1) << ran.err;
  EXPECT_TRUE(absl::StartsWith(ran.out, "verdict FAIL-FLOOR, action reject"));
  evaluator::Decision decision;
  EXPECT_TRUE(
      ParseCanonicalRecord(Read(decision_), "decision", &decision).ok());
  EXPECT_EQ(decision.verdict(), "FAIL-FLOOR");
}

TEST_F(GateCommandTest, RecordOnlyIsZeroAndSilentWhateverTheVerdict) {
  std::vector<std::string> command = Command({{"a", "?"}});
  command.push_back("--record-only");
  const Ran ran = RunCommand(command);
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(Read(decision_).find("FAIL-FLOOR"), std::string::npos);
}

TEST_F(GateCommandTest, TheCanonicalPolicyGivesTheSameDecision) {
  std::vector<std::string> command = Command({{"a", "?"}});
  const std::string canonical = Scratch("policy.json");
  command.push_back("--policy-out=" + canonical);
  RunCommand(command);
  const std::string first = Read(decision_);
  command.pop_back();
  command[1] = "--policy=" + canonical;
  RunCommand(command);
  EXPECT_EQ(Read(decision_), first);
}

TEST_F(GateCommandTest, ShowComparesWithTheExpectedVerdict) {
  RunCommand(Command({{"a", "?"}}));
  const std::vector<std::string> show = {"decision", "show", decision_,
                                         "--sidecar=" + sidecar_,
                                         "--baseline=" + baseline_};
  std::vector<std::string> expected = show;
  expected.push_back("--expect=FAIL-FLOOR");
  std::vector<std::string> unexpected = show;
  unexpected.push_back("--expect=PASS");
  EXPECT_EQ(RunCommand(show).exit_code, 0);
  EXPECT_EQ(RunCommand(expected).exit_code, 0);
  const Ran ran = RunCommand(unexpected);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_TRUE(absl::EndsWith(ran.out, "expected verdict PASS\n"));
}

TEST_F(GateCommandTest, ShowRefusesAnUnknownVerdict) {
  RunCommand(Command({}));
  const Ran ran = RunCommand({"decision", "show", decision_, "--expect=pass"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err, "slm_gate: Invalid --expect: unknown verdict \"pass\"\n");
}

TEST_F(GateCommandTest, ShowRefusesEvidenceThatIsNotCited) {
  RunCommand(Command({}));
  const Ran ran =
      RunCommand({"decision", "show", decision_, "--sidecar=" + baseline_});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_TRUE(absl::StartsWith(
      ran.err, "slm_gate: Invalid evidence: the decision does not cite "))
      << ran.err;
}

// The command that reads one malformed file; `out` must not come to be.
std::vector<std::string> CommandFor(const std::string& path,
                                    const std::string& out) {
  const std::string good = absl::StrCat(kMalformed, "/good");
  if (absl::EndsWith(path, ".jsonl")) {
    return {"suite", "build", "--name=bad", "--version=1",
            "--lock=" + good + ".lock", "--out=" + out, path};
  }
  if (absl::EndsWith(path, ".lock")) {
    return {"suite", "build", "--name=bad", "--version=1", "--lock=" + path,
            "--out=" + out, good + ".jsonl"};
  }
  if (absl::EndsWith(path, ".textproto")) {
    return {"gate", "--policy=" + path, "--sidecar=none", "--out=" + out};
  }
  if (absl::EndsWith(path, ".sidecar.json")) {
    return {"gate", "--policy=" + good + ".textproto", "--sidecar=" + path,
            "--out=" + out};
  }
  return {"decision", "show", path};
}

std::vector<std::string> MalformedFiles() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kMalformed)) {
    const std::string name = entry.path().filename();
    if (absl::EndsWith(name, ".expected") || absl::StartsWith(name, "good.")) {
      continue;
    }
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(MalformedInputTest, EachFileIsRefusedWithTheMessageOnRecord) {
  const std::vector<std::string> paths = MalformedFiles();
  EXPECT_GE(paths.size(), 30u);
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const std::string out = Scratch("out");
    const Ran ran = RunCommand(CommandFor(path, out));
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err,
              Read(std::filesystem::path(path).replace_extension("expected")));
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

}  // namespace
}  // namespace pedigree
