#include "packager/terms/terms.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "packager/terms/term_table.h"

namespace pedigree {
namespace {

Terms Of(std::string_view scale, std::string_view level) {
  return *Terms::Parse(absl::StrCat(scale, "=", level));
}

// "scale=level ..." of what is above the least.
std::string Text(const Terms& terms) {
  std::vector<std::string> parts;
  for (const packager::Term& term : terms.ToRecord()) {
    parts.push_back(absl::StrCat(term.scale(), "=", term.level()));
  }
  return absl::StrJoin(parts, " ");
}

std::set<std::string> Licenses() {
  std::set<std::string> licenses;
  for (const LicenseTerm& term : LicenseTerms()) {
    licenses.emplace(term.license);
  }
  for (const std::string_view license : FreeLicenses()) {
    licenses.emplace(license);
  }
  return licenses;
}

// The rule of inheritance as a table: every pair of levels of every scale.
TEST(TermsTest, TheStricterOfEachPairOfLevelsIsInherited) {
  int pairs = 0;
  for (const TermScale& scale : TermScales()) {
    for (size_t a = 0; a < kMaxLevels && !scale.levels[a].empty(); ++a) {
      for (size_t b = 0; b < kMaxLevels && !scale.levels[b].empty(); ++b) {
        Terms child = Of(scale.name, scale.levels[a]);
        child.Tighten(Of(scale.name, scale.levels[b]));
        EXPECT_EQ(child, Of(scale.name, scale.levels[std::max(a, b)]))
            << scale.name << " " << a << " " << b;
        ++pairs;
      }
    }
  }
  EXPECT_EQ(pairs, 5 * 4 + 3 * 9 + 16);
}

TEST(TermsTest, ScalesDontTouchEachOther) {
  Terms terms = Of("personal_data", "personal");
  terms.Tighten(Of("attribution", "notice"));
  terms.Tighten(Of("personal_data", "none"));
  EXPECT_EQ(Text(terms), "attribution=notice personal_data=personal");
}

TEST(TermsTest, NeitherOrderNorRepetitionOfParentsMatters) {
  const std::set<std::string> licenses = Licenses();
  Terms forward;
  Terms backward;
  for (auto i = licenses.begin(); i != licenses.end(); ++i) {
    forward.Tighten(Terms::OfLicense(*i));
    forward.Tighten(Terms::OfLicense(*i));
  }
  for (auto i = licenses.rbegin(); i != licenses.rend(); ++i) {
    backward.Tighten(Terms::OfLicense(*i));
  }
  EXPECT_EQ(forward, backward);
  EXPECT_EQ(Text(forward),
            "attribution=notice commercial_use=forbidden "
            "derivatives=forbidden share_alike=same-licence source=network");
}

TEST(TermsTest, TellWhatALicenceAsks) {
  const struct {
    const char* license;
    const char* terms;
  } kRows[] = {
      {"CC0-1.0", ""},
      {"Unlicense", ""},
      {"MIT", "attribution=notice"},
      {"Apache-2.0", "attribution=notice"},
      {"CC-BY-4.0", "attribution=notice"},
      {"CC-BY-NC-4.0", "attribution=notice commercial_use=forbidden"},
      {"CC-BY-ND-4.0", "attribution=notice derivatives=forbidden"},
      {"CC-BY-SA-4.0", "attribution=notice share_alike=same-licence"},
      {"CC-BY-NC-SA-4.0",
       "attribution=notice commercial_use=forbidden share_alike=same-licence"},
      {"GPL-3.0-only",
       "attribution=notice share_alike=same-licence source=distribution"},
      {"AGPL-3.0-only",
       "attribution=notice share_alike=same-licence source=network"},
      {"LicenseRef-Ours", "review=needed"},
      {"mit", "review=needed"},
      {"", "review=needed"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(Text(Terms::OfLicense(row.license)), row.terms) << row.license;
  }
}

TEST(TermsTest, TheTableNamesScalesAndLevelsThatThereAre) {
  for (const LicenseTerm& term : LicenseTerms()) {
    const auto parsed =
        Terms::Parse(absl::StrCat(term.scale, "=", term.level));
    ASSERT_TRUE(parsed.ok()) << term.license << ": " << parsed.status();
    EXPECT_FALSE(*parsed == Terms()) << term.license << " " << term.scale;
  }
  for (const LicenseStep& step : LicenseSteps()) {
    EXPECT_EQ(Licenses().count(std::string(step.from)), 1u) << step.from;
    EXPECT_EQ(Licenses().count(std::string(step.to)), 1u) << step.to;
  }
}

TEST(TermsTest, AreReadAsTheyAreWritten) {
  Terms all;
  for (const std::string& license : Licenses()) {
    all.Tighten(Terms::OfLicense(license));
  }
  EXPECT_EQ(*Terms::FromRecord(all.ToRecord()), all);
  EXPECT_TRUE(Terms().ToRecord().empty());
}

TEST(TermsTest, RefuseAnotherRecord) {
  google::protobuf::RepeatedPtrField<packager::Term> record;
  packager::Term* term = record.Add();
  for (const auto& [scale, level] :
       std::vector<std::pair<std::string, std::string>>{
           {"colour", "red"},
           {"attribution", "none"},
           {"attribution", "always"}}) {
    term->set_scale(scale);
    term->set_level(level);
    EXPECT_EQ(
        Terms::FromRecord(record).status().message(),
        absl::StrCat("Invalid terms: \"", scale, "\" is \"", level,
                     "\" (expected scales and levels of "
                     "docs/formats/lineage.md, each once and in order, above "
                     "the least)"));
  }
  term->set_scale("attribution");
  term->set_level("notice");
  EXPECT_TRUE(Terms::FromRecord(record).ok());
  *record.Add() = *term;
  EXPECT_FALSE(Terms::FromRecord(record).ok());
}

TEST(TermsTest, RefuseOtherRestrictionsWithWhatThereIs) {
  EXPECT_EQ(Terms::Parse("colour=red").status().message(),
            "Invalid restriction: \"colour=red\" (expected SCALE=LEVEL, where "
            "SCALE is attribution, commercial_use, derivatives, share_alike, "
            "source, confidentiality, personal_data, redistribution or "
            "review)");
  EXPECT_EQ(Terms::Parse("personal_data").status().message().substr(0, 38),
            "Invalid restriction: \"personal_data\" (");
  EXPECT_EQ(Terms::Parse("personal_data=some").status().message(),
            "Invalid restriction: personal_data is \"some\" (expected none, "
            "pseudonymised or personal)");
}

TEST(TermsTest, TellWhereTheyAreWeaker) {
  EXPECT_EQ(Of("source", "distribution").WeakerThan(Of("source", "network")),
            "source is distribution (expected network)");
  EXPECT_EQ(Of("source", "network").WeakerThan(Of("source", "distribution")),
            "");
}

// Every pair of share-alike licences of the table.
TEST(CheckLicensesTogetherTest, PairsThatOneOfThemAllows) {
  const std::set<std::string> kTogether = {
      "AGPL-3.0-only AGPL-3.0-or-later",   "AGPL-3.0-only CC-BY-SA-3.0",
      "AGPL-3.0-only CC-BY-SA-4.0",        "AGPL-3.0-only GPL-2.0-or-later",
      "AGPL-3.0-only GPL-3.0-only",        "AGPL-3.0-only GPL-3.0-or-later",
      "AGPL-3.0-or-later GPL-2.0-or-later",
      "AGPL-3.0-or-later GPL-3.0-or-later", "CC-BY-SA-3.0 CC-BY-SA-4.0",
      "CC-BY-SA-3.0 GPL-3.0-only",         "CC-BY-SA-4.0 GPL-3.0-only",
      "GPL-2.0-only GPL-2.0-or-later",     "GPL-2.0-or-later GPL-3.0-only",
      "GPL-2.0-or-later GPL-3.0-or-later", "GPL-3.0-only GPL-3.0-or-later",
  };
  std::vector<std::string> alike;
  for (const LicenseTerm& term : LicenseTerms()) {
    if (term.scale == "share_alike") alike.emplace_back(term.license);
  }
  ASSERT_EQ(alike.size(), 10u);
  std::set<std::string> together;
  for (size_t a = 0; a < alike.size(); ++a) {
    EXPECT_TRUE(CheckLicensesTogether({alike[a], alike[a], "MIT"}).ok());
    for (size_t b = a + 1; b < alike.size(); ++b) {
      const bool one = CheckLicensesTogether({alike[a], alike[b]}).ok();
      EXPECT_EQ(CheckLicensesTogether({alike[b], "CC0-1.0", alike[a]}).ok(),
                one);
      if (one) together.insert(absl::StrCat(alike[a], " ", alike[b]));
    }
  }
  EXPECT_EQ(together, kTogether);
}

TEST(CheckLicensesTogetherTest, NamesTwoThatDontGoTogether) {
  EXPECT_EQ(
      CheckLicensesTogether({"MIT", "GPL-2.0-only", "CC-BY-SA-4.0"}).message(),
      "Licences don't go together: GPL-2.0-only and CC-BY-SA-4.0 each ask "
      "that the whole be under them alone");
  // Each pair would do, all three won't.
  EXPECT_FALSE(CheckLicensesTogether(
                   {"GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only"})
                   .ok());
}

TEST(CheckLicensesTogetherTest, OthersGoWithAll) {
  EXPECT_TRUE(CheckLicensesTogether({}).ok());
  EXPECT_TRUE(
      CheckLicensesTogether({"MIT", "CC-BY-NC-4.0", "LicenseRef-X"}).ok());
}

}  // namespace
}  // namespace pedigree
