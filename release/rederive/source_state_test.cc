#include "release/rederive/source_state.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

std::string MakeFolder() {
  std::string path = absl::StrCat(testing::TempDir(), "/state.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

void WriteLock(const std::string& source, const std::string& name,
               const std::string& text) {
  fs::create_directories(source + "/third_party/" + name);
  ASSERT_TRUE(WriteFileAtomically(
                  source + "/third_party/" + name + "/archives.lock", text)
                  .ok());
}

release::ReleaseRecord RecordOf(const std::string& name,
                                const std::string& tree) {
  release::ReleaseRecord record;
  release::ToolchainPin& pin = *record.add_toolchain_pins();
  pin.set_name(name);
  pin.set_version("1");
  pin.set_tree_digest(tree);
  return record;
}

TEST(SourceStateTest, PinsOfTheLocksAreNotNoted) {
  const std::string source = MakeFolder();
  WriteLock(source, "libcxx", "# c\nversion 1\ntree sha256:aa\nf b c\n");
  // Names of record and folder need not be one.
  EXPECT_TRUE(ComparePins(RecordOf("libc++", "sha256:aa"), source).empty());
}

TEST(SourceStateTest, NamesThePinOfAnotherTree) {
  const std::string source = MakeFolder();
  WriteLock(source, "zstd", "version 2\ntree sha256:bb\n");
  EXPECT_EQ(ComparePins(RecordOf("zstd", "sha256:aa"), source),
            std::vector<std::string>{
                "toolchain pin zstd is sha256:bb (expected 1, sha256:aa), "
                "third_party/zstd/archives.lock"});
}

TEST(SourceStateTest, NamesThePinWithoutALock) {
  const std::string source = MakeFolder();
  WriteLock(source, "zstd", "version 2\n");
  EXPECT_EQ(ComparePins(RecordOf("zstd", "sha256:aa"), source),
            std::vector<std::string>{
                "toolchain pin zstd is not locked (expected 1, sha256:aa), "
                "third_party/zstd/archives.lock"});
  EXPECT_EQ(ComparePins(RecordOf("clang", "sha256:aa"), source),
            std::vector<std::string>{
                "toolchain pin clang is in no lock (expected 1, sha256:aa)"});
}

TEST(SourceStateTest, ASourceWithoutLocksTakesItsToolchainsFromElsewhere) {
  EXPECT_TRUE(ComparePins(RecordOf("zstd", "sha256:aa"), MakeFolder()).empty());
}

TEST(SourceStateTest, ReadsTheSourcesOfThePacketsAction) {
  const auto sources = ReadSources(
      R"({"artifacts":[1.5],"actions":[{"arguments":["tool","packet",)"
      R"("--source=a/b=c=d","--name=x","--source=e=external/f"]}]})");
  ASSERT_TRUE(sources.ok()) << sources.status();
  using Source = std::pair<std::string, std::string>;
  EXPECT_EQ(*sources,
            (std::vector<Source>{{"a/b", "c=d"}, {"e", "external/f"}}));
}

TEST(SourceStateTest, RefusesActionsThatMakeNoPacket) {
  EXPECT_EQ(ReadSources("{}").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSources(R"({"actions":[]})").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSources(R"({"actions":[3,{"arguments":[4]}]})").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadSources("actions: {").status().code(),
            absl::StatusCode::kInvalidArgument);
}

// A folder with a program `git` of these lines.
std::string FakeGit(const std::string& lines) {
  const std::string folder = MakeFolder();
  EXPECT_TRUE(WriteFileAtomically(folder + "/git", "#!/bin/sh\n" + lines).ok());
  fs::permissions(folder + "/git", fs::perms::owner_all);
  return folder;
}

TEST(SourceStateTest, NamesThePathsThatDifferFromACommit) {
  const std::string path = std::getenv("PATH");
  setenv("PATH",
         absl::StrCat(FakeGit("case $1 in diff) printf 'b.cc\\0a b.cc\\0' ;; "
                              "*) printf 'new\\0' ;; esac\n"),
                      ":", path)
             .c_str(),
         1);
  EXPECT_EQ(CompareCommit(MakeFolder(), "0123456789abcdef", MakeFolder()),
            (std::vector<std::string>{"a b.cc (commit 0123456789ab)",
                                      "b.cc (commit 0123456789ab)",
                                      "new (commit 0123456789ab)"}));
  setenv("PATH", path.c_str(), 1);
}

TEST(SourceStateTest, SaysWhenGitCannotTell) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", absl::StrCat(FakeGit("exit 128\n"), ":", path).c_str(), 1);
  EXPECT_EQ(CompareCommit(MakeFolder(), "abc", MakeFolder()),
            std::vector<std::string>{"cannot be compared with commit abc: git "
                                     "diff ends with 128"});
  setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace pedigree
