#include "runtime/base/command_line.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

struct Ran {
  int exit_code;
  std::string out;
  std::string err;
};

// Runs a program with the commands `echo --word=W`, `list --item=I... LAST` and
// `group fail`.
Ran RunProgram(std::vector<std::string> args,
               absl::StatusOr<Outcome> result = Outcome::kGood) {
  std::string word;
  CommandLine program("prog", "Tests.");
  CLI::App* echo = program.Add(nullptr, "echo", "Says a word.", [&] {
    std::printf("%s", word.c_str());
    return result;
  });
  echo->add_option("--word", word, "the word")->required();
  std::vector<std::string> items;
  std::string last;
  CLI::App* list = program.Add(nullptr, "list", "Says words.", [&] {
    std::printf("%s | %s", absl::StrJoin(items, " ").c_str(), last.c_str());
    return Outcome::kGood;
  });
  list->add_option("--item", items, "words");
  list->add_option("last", last, "the last one");
  CLI::App* group = program.Add(nullptr, "group", "Groups.", nullptr);
  program.Add(group, "fail", "Fails.",
              [] { return absl::DataLossError("Corrupted\nfile: x"); });

  args.insert(args.begin(), "prog");
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Ran ran;
  ran.exit_code = program.Run(static_cast<int>(argv.size()), argv.data());
  ran.out = ::testing::internal::GetCapturedStdout();
  ran.err = ::testing::internal::GetCapturedStderr();
  return ran;
}

TEST(CommandLineTest, RefusesAnArgumentThatIsNotUtf8) {
  const Ran ran = RunProgram({"echo", "--word=a\xff"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err, "prog: Argument 2 is not UTF-8: '--word=a\\xff'\n");
  EXPECT_EQ(RunProgram({"echo", "--word=\xc3\xa9"}).exit_code, 0);
}

TEST(CommandLineTest, RunsTheNamedCommand) {
  const Ran ran = RunProgram({"echo", "--word=hello"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "hello");
  EXPECT_EQ(ran.err, "");
}

TEST(CommandLineTest, ARepeatedOptionTakesOneValueEach) {
  const Ran ran = RunProgram({"list", "--item", "a", "--item=b", "c"});
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out, "a b | c");
}

TEST(CommandLineTest, ABadVerdictIsOne) {
  EXPECT_EQ(RunProgram({"echo", "--word=x"}, Outcome::kBad).exit_code, 1);
}

TEST(CommandLineTest, BadInputIsTwoWithOneLine) {
  const Ran ran = RunProgram({"group", "fail"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err, "prog: Corrupted file: x\n");
}

TEST(CommandLineTest, BadUsageIsTwoWithOneLine) {
  const std::vector<std::vector<std::string>> usages = {
      {}, {"echo"}, {"echo", "--word"}, {"echo", "--word=x", "--no"},
      {"nothing"}, {"group"}};
  for (const auto& usage : usages) {
    const Ran ran = RunProgram(usage);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
}

TEST(CommandLineTest, HelpIsGood) {
  const Ran ran = RunProgram({"echo", "--help"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("the word"), std::string::npos);
}

}  // namespace
}  // namespace pedigree
