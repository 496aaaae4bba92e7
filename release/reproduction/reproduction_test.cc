#include "release/reproduction/reproduction.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

const std::string kA(64, 'a');
const std::string kB(64, 'b');

ArtifactList Parsed(const std::string& text) {
  return ParseArtifactList(text, "list").value();
}

Reproduction Compared(const std::string& first, const std::string& second) {
  Reproduction reproduction;
  reproduction.first = Parsed(first);
  reproduction.differences =
      CompareArtifacts(reproduction.first, Parsed(second));
  return reproduction;
}

TEST(ReproductionTest, EqualListsInAnotherOrderAreReproduced) {
  const std::string a = absl::StrCat(kA, "  x/one\n");
  const std::string b = absl::StrCat(kB, "  x/two two\n");
  const Reproduction reproduction = Compared(a + b, b + a);
  EXPECT_TRUE(reproduction.reproduced());
  EXPECT_EQ(DescribeReproduction(reproduction),
            "2 artifacts, 0 differ\nreproduction: REPRODUCED\n");
}

TEST(ReproductionTest, NamesWhatDiffersAndWhatOnlyOneBuildMade) {
  const Reproduction reproduction =
      Compared(absl::StrCat(kA, "  both\n", kA, "  changed\n", kA, "  lost\n"),
               absl::StrCat(kA, "  both\n", kB, "  changed\n", kB, "  made\n"));
  EXPECT_EQ(DescribeReproduction(reproduction),
            absl::StrCat("3 artifacts, 3 differ\n",                        //
                         "differs: changed: sha256:", kA, " and sha256:",  //
                         kB, "\n",                                         //
                         "differs: lost: sha256:", kA, " and none\n",      //
                         "differs: made: none and sha256:", kB, "\n",      //
                         "reproduction: DIFFERS\n"));
}

TEST(ReproductionTest, TheStatementHasAxesDifferencesCausesAndSubjects) {
  Reproduction reproduction = Compared(absl::StrCat(kA, "  clock.h\n"),
                                       absl::StrCat(kB, "  clock.h\n"));
  reproduction.axes = {ParseAxis("user=0=4242").value()};
  reproduction.causes = {"//a:clock (Genrule)"};
  EXPECT_EQ(
      CanonicalJson(ReproductionStatement(reproduction)),
      absl::StrCat(
          R"({"_type":"https://in-toto.io/Statement/v1","predicate":{)",
          R"("axes":[{"first":"0","name":"user","second":"4242"}],)",
          R"json("causes":["//a:clock (Genrule)"],"differences":[{"artifact":)json",
          R"("clock.h","first":{"sha256":")", kA, R"("},"second":{"sha256":")",
          kB, R"("}}],"verdict":"DIFFERS"},"predicateType":)",
          R"("https://pedigree.dev/reproduction/v1","subject":[{"digest":)",
          R"({"sha256":")", kA, R"("},"name":"clock.h"}]})"));
}

TEST(ReproductionTest, RefusesListsThatSha256sumDoesNotPrint) {
  const std::string good = absl::StrCat(kA, "  x\n");
  for (const std::string& bad :
       {std::string("\n"), kA, absl::StrCat(kA, "  "), absl::StrCat(kA, " x"),
        absl::StrCat(std::string(64, 'A'), "  x"),
        absl::StrCat("\\", kA, "  x"), absl::StrCat(kA, "  x\ty"),
        absl::StrCat(kA, "  ", std::string(4097, 'x'))}) {
    const auto list = ParseArtifactList(good + bad, "F");
    ASSERT_FALSE(list.ok()) << bad;
    EXPECT_TRUE(absl::StartsWith(list.status().message(),
                                 "Invalid list of artifacts: "));
    EXPECT_TRUE(absl::EndsWith(list.status().message(), ", F line 2"))
        << list.status();
  }
}

TEST(ReproductionTest, RefusesAPathThatComesTwice) {
  const std::string line = absl::StrCat(kA, "  x\n");
  EXPECT_EQ(
      ParseArtifactList(line + line, "F").status().message(),
      "Invalid list of artifacts: a path that is there already, F line 2");
}

TEST(ReproductionTest, RefusesToCompareNothing) {
  EXPECT_EQ(ParseArtifactList("", "F").status().message(),
            "Invalid list of artifacts: is empty, F");
}

TEST(ReproductionTest, RefusesAnAxisThatIsNone) {
  for (const char* text : {"", "user", "user=1", "=1=2", "a=1=2=3", "a=1=\n"}) {
    EXPECT_EQ(ParseAxis(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_EQ(ParseAxis("user=1=1").status().message(),
            "Invalid axis: user is \"1\" in both builds (expected two values)");
}

}  // namespace
}  // namespace pedigree
