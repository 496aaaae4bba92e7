#include "release/registry/ledger.h"

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

registry::Entry Genesis() {
  registry::Entry entry;
  entry.set_action("init");
  entry.set_at("2026-01-02T03:04:05Z");
  return entry;
}

// A ledger of an init and two adds of packets "a" and "b".
Ledger Sample() {
  Ledger ledger = StartLedger(Genesis());
  for (const char* name : {"a", "b"}) {
    registry::Entry entry;
    entry.set_action("add");
    entry.set_at("2026-01-02T03:04:05Z");
    entry.set_subject(Sha256(name).ToString());
    ledger.Number(entry);
    ledger.Append(entry);
  }
  return ledger;
}

std::string TextOf(const Ledger& ledger) {
  std::string text;
  for (uint64_t i = 1; i <= ledger.size(); ++i) {
    absl::StrAppend(&text, ledger.Line(i), "\n");
  }
  return text;
}

void ExpectFault(const absl::Status& status, const std::string& said) {
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), said)) << status;
}

TEST(LedgerTest, ReadsWhatItWrote) {
  const Ledger ledger = Sample();
  const absl::StatusOr<Ledger> read =
      Ledger::Parse(TextOf(ledger), ledger.Head());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->size(), 3u);
  EXPECT_EQ(read->Id(), Sha256(ledger.Line(1)).ToString());
  EXPECT_EQ(read->Entry(2)->subject(), Sha256("a").ToString());
  EXPECT_EQ(CanonicalRecord(read->Head()), CanonicalRecord(ledger.Head()));
}

TEST(LedgerTest, LeavesOutWhatItsHeadDoesNotCover) {
  const Ledger ledger = Sample();
  const absl::StatusOr<Ledger> read =
      Ledger::Parse(TextOf(ledger) + "{\"half", ledger.Head());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->size(), 3u);
}

TEST(LedgerTest, FindsEntriesByWhatTheyMention) {
  const Ledger ledger = Sample();
  EXPECT_EQ(ledger.Mentioning(Sha256("b").ToString()),
            std::vector<uint64_t>{3});
  EXPECT_EQ(ledger.Mentioning("\"alias\":\"\""),
            (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(ledger.Mentioning("nothing"), std::vector<uint64_t>());
}

TEST(LedgerTest, FindsEntriesThatNameAnyOfManyDigests) {
  const Ledger ledger = Sample();
  const std::string a = Sha256("a").ToString();
  const std::string b = Sha256("b").ToString();
  EXPECT_EQ(ledger.Naming({a, b, Sha256("c").ToString()}),
            (std::set<uint64_t>{2, 3}));
  EXPECT_EQ(ledger.Naming({Sha256("c").ToString()}), std::set<uint64_t>());
  EXPECT_EQ(ledger.Naming({}), std::set<uint64_t>());
}

TEST(LedgerTest, FindsEntriesByTheirAction) {
  EXPECT_EQ(Sample().OfAction("add"), (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(Sample().OfAction("init"), std::vector<uint64_t>{1});
  EXPECT_EQ(Sample().OfAction("ad"), std::vector<uint64_t>());
}

TEST(LedgerTest, FindsTheLastMentionBetweenTwoEntries) {
  const Ledger ledger = Sample();
  constexpr char kAdd[] = "\"action\":\"add\"";
  EXPECT_EQ(ledger.LastMention(kAdd, 0, 2), 2u);
  EXPECT_EQ(ledger.LastMention(kAdd, 0, 3), 3u);
  EXPECT_EQ(ledger.LastMention(kAdd, 3, 3), 0u);
  EXPECT_EQ(ledger.LastMention("nothing", 0, 3), 0u);
}

TEST(LedgerTest, RefusesATextThatIsTooShort) {
  const Ledger ledger = Sample();
  std::string text = TextOf(ledger);
  text.pop_back();
  ExpectFault(Ledger::Parse(text, ledger.Head()).status(), "ledger.jsonl has");
}

TEST(LedgerTest, RefusesABrokenChain) {
  const Ledger ledger = Sample();
  std::string text = TextOf(ledger);
  text[text.find("2026")] = '1';
  ExpectFault(Ledger::Parse(text, ledger.Head()).status(), "entry 2 follows");
}

TEST(LedgerTest, RefusesAHeadOfAnotherEntry) {
  const Ledger ledger = Sample();
  registry::Head head = ledger.Head();
  head.set_entry(Sha256("other").ToString());
  ExpectFault(Ledger::Parse(TextOf(ledger), head).status(), "entry 3 is ");
}

TEST(LedgerTest, RefusesAnEmptyLedger) {
  EXPECT_FALSE(Ledger::Parse("", registry::Head()).ok());
}

TEST(LedgerTest, RefusesNamesThatAreNoSafePaths) {
  registry::Entry entry;
  entry.set_schema_version(std::string(kEntrySchema));
  entry.set_action("add");
  entry.set_subject("sha256:../../x");
  ExpectFault(ParseEntry(CanonicalRecord(entry)).status(), "Invalid digest");
  entry.set_subject(Sha256("a").ToString());
  entry.add_moves()->set_alias("../x");
  ExpectFault(ParseEntry(CanonicalRecord(entry)).status(), "Invalid alias");
}

TEST(LedgerTest, RefusesAnotherSchema) {
  registry::Entry entry;
  entry.set_schema_version("pedigree.ledger_entry.v2");
  ExpectFault(ParseEntry(CanonicalRecord(entry)).status(),
              "schema_version is \"pedigree.ledger_entry.v2\"");
  ExpectFault(ParseHead("{}").status(), "Invalid head.json");
}

TEST(LedgerTest, ReadsTimesInOneFormOnly) {
  EXPECT_TRUE(CheckTime("2026-11-28T12:00:00Z").ok());
  for (const char* text :
       {"", "2026-11-28", "2026-11-28T12:00:00", "2026-11-28 12:00:00Z",
        "2026-02-30T12:00:00Z", "2026-11-28T12:00:60Z",
        "2026-11-28T12:00:00+00:00"}) {
    EXPECT_FALSE(CheckTime(text).ok()) << text;
  }
}

}  // namespace
}  // namespace pedigree
