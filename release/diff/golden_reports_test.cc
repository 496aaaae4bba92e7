// What the reports say of two packets that differ in everything they can, as on
// record in testdata.

#include "release/diff/golden_reports.h"

#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

std::string MakeScratch() {
  std::string path = absl::StrCat(testing::TempDir(), "/golden.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

const std::map<std::string, std::string>& Reports() {
  static const auto& reports =
      *new std::map<std::string, std::string>(GoldenReports(MakeScratch()));
  return reports;
}

TEST(GoldenReportsTest, AreThoseOnRecord) {
  for (const auto& [name, report] : Reports()) {
    const auto recorded = ReadFile("release/diff/testdata/" + name);
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    EXPECT_EQ(report, *recorded) << name;
  }
}

TEST(GoldenReportsTest, DoNotDependOnFolders) {
  EXPECT_EQ(Reports(), GoldenReports(MakeScratch()));
}

TEST(GoldenReportsTest, TextIsPrintableAscii) {
  for (char c : Reports().at("pair.txt")) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
  }
}

TEST(GoldenReportsTest, ThePageHoldsNoMarkupOfThePackets) {
  const std::string& page = Reports().at("pair.html");
  EXPECT_TRUE(absl::StrContains(page, "&lt;script&gt;alert(1)"));
  EXPECT_FALSE(absl::StrContains(page, "<script>alert"));
  EXPECT_FALSE(absl::StrContains(page, "<img"));
  // The one bidirectional override is shown, not obeyed.
  EXPECT_TRUE(absl::StrContains(page, "U+202E"));
  EXPECT_FALSE(absl::StrContains(page, "\xe2\x80\xae"));
}

TEST(GoldenReportsTest, ThePageLoadsNothing) {
  const std::string& page = Reports().at("pair.html");
  EXPECT_TRUE(absl::StrContains(page, "default-src 'none'"));
  for (const char* loader : {"http:", "https:", "src=\"", "@import", "url(",
                             "<link", "<iframe", "style=\""}) {
    EXPECT_FALSE(absl::StrContains(page, loader)) << loader;
  }
}

}  // namespace
}  // namespace pedigree
