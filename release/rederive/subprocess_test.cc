#include "release/rederive/subprocess.h"

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

class SubprocessTest : public testing::Test {
 protected:
  SubprocessTest() {
    folder_ = absl::StrCat(testing::TempDir(), "/process.XXXXXX");
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }

  int Run(const std::vector<std::string>& command) {
    const auto exit_code =
        RunSubprocess({command, folder_, folder_ + "/out", folder_ + "/err"});
    EXPECT_TRUE(exit_code.ok()) << exit_code.status();
    return *exit_code;
  }

  std::string Read(const std::string& name) {
    return ReadFile(folder_ + "/" + name).value_or("");
  }

  std::string folder_;
};

TEST_F(SubprocessTest, KeepsWhatIsPrintedApart) {
  EXPECT_EQ(Run({"sh", "-c", "echo out; echo err >&2; exit 3"}), 3);
  EXPECT_EQ(Read("out"), "out\n");
  EXPECT_EQ(Read("err"), "err\n");
}

TEST_F(SubprocessTest, RunsInTheFolderWithoutInput) {
  EXPECT_EQ(Run({"sh", "-c", "cat; : > here"}), 0);
  EXPECT_TRUE(ReadFile(folder_ + "/here").ok());
}

TEST_F(SubprocessTest, PassesArgumentsAsTheyAre) {
  EXPECT_EQ(Run({"sh", "-c", "printf %s \"$1\"", "sh", "a  \"b' $HOME"}), 0);
  EXPECT_EQ(Read("out"), "a  \"b' $HOME");
}

TEST_F(SubprocessTest, TellsOfSignals) {
  EXPECT_EQ(Run({"sh", "-c", "kill -9 $$"}), 128 + 9);
}

TEST_F(SubprocessTest, RefusesProgramsThatAreNot) {
  EXPECT_EQ(Run({"/no/such/program"}), 127);
}

}  // namespace
}  // namespace pedigree
