#include "release/registry/ledger.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "release/registry/alias_name.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kPrevious = "\"previous_entry\":\"";
constexpr std::string_view kDigest = "sha256:";
constexpr size_t kDigestTextBytes = 71;

// As std::string_view::find, which is slow where the first byte is frequent.
size_t Find(std::string_view text, std::string_view wanted, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* found = ::memmem(text.data() + from, text.size() - from,
                             wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<const char*>(found) - text.data();
}

absl::Status Corrupted(std::string_view what) {
  return absl::DataLossError(absl::StrCat("Corrupted ledger: ", what));
}

absl::Status CheckDigests(
    const google::protobuf::RepeatedPtrField<std::string>& digests) {
  for (const std::string& digest : digests) {
    PEDIGREE_RETURN_IF_ERROR(ParseDigest(digest).status());
  }
  return absl::OkStatus();
}

absl::Status CheckDigestOrEmpty(const std::string& digest) {
  return digest.empty() ? absl::OkStatus() : ParseDigest(digest).status();
}

// Whether everything that may become a part of a path is safe.
absl::Status CheckNames(const registry::Entry& entry) {
  PEDIGREE_RETURN_IF_ERROR(CheckDigestOrEmpty(entry.subject()));
  PEDIGREE_RETURN_IF_ERROR(CheckDigestOrEmpty(entry.policy()));
  PEDIGREE_RETURN_IF_ERROR(CheckDigests(entry.approvals()));
  PEDIGREE_RETURN_IF_ERROR(CheckDigests(entry.claims()));
  for (const registry::Transition& transition : entry.transitions()) {
    PEDIGREE_RETURN_IF_ERROR(ParseDigest(transition.artifact()).status());
  }
  for (const registry::AliasMove& move : entry.moves()) {
    PEDIGREE_RETURN_IF_ERROR(CheckAliasName(move.alias()));
    PEDIGREE_RETURN_IF_ERROR(CheckDigestOrEmpty(move.artifact()));
    PEDIGREE_RETURN_IF_ERROR(CheckDigestOrEmpty(move.previous()));
  }
  const bool about_nothing =
      entry.action() == "init" || entry.action() == "policy";
  if (about_nothing == entry.subject().empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid ledger entry: subject of ", entry.action(), " is \"",
      entry.subject(), "\""));
}

// What the line says about the one before it. Within a JSON string a quotation
// mark is escaped, so no text of an entry looks like this member.
std::string_view PreviousOf(std::string_view line) {
  const size_t at = Find(line, kPrevious, 0);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = line.substr(at + kPrevious.size());
  return rest.substr(0, rest.find('"'));
}

}  // namespace

absl::StatusOr<Ledger> Ledger::Parse(std::string text,
                                     const registry::Head& head) {
  if (text.size() < head.bytes()) {
    return Corrupted(absl::StrCat("ledger.jsonl has ", text.size(),
                                  " bytes (expected ", head.bytes(),
                                  "), head.json"));
  }
  text.resize(head.bytes());
  Ledger ledger;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const uint64_t sequence = ledger.size() + 1;
    if (line.size() == rest.size()) {
      return Corrupted(absl::StrCat("entry ", sequence, " has no end"));
    }
    const std::string expected =
        ledger.size() == 0 ? "" : ledger.EntryDigest(ledger.size()).ToString();
    if (PreviousOf(line) != expected) {
      return Corrupted(absl::StrCat(
          "entry ", sequence, " follows \"", PreviousOf(line).substr(0, 80),
          "\" (expected \"", expected, "\", the entry before it)"));
    }
    ledger.starts_.push_back(text.size() - rest.size());
    ledger.digests_.push_back(Sha256(line));
    rest.remove_prefix(line.size() + 1);
  }
  if (ledger.size() != head.sequence() || ledger.size() == 0) {
    return Corrupted(absl::StrCat(ledger.size(), " entries (expected ",
                                  head.sequence(), "), head.json"));
  }
  if (ledger.EntryDigest(ledger.size()).ToString() != head.entry()) {
    return Corrupted(absl::StrCat(
        "entry ", ledger.size(), " is ",
        ledger.EntryDigest(ledger.size()).ToString(), " (expected ",
        head.entry(), "), head.json"));
  }
  ledger.text_ = std::move(text);
  return ledger;
}

std::string_view Ledger::Line(uint64_t sequence) const {
  PEDIGREE_CHECK(sequence >= 1 && sequence <= size());
  const size_t start = starts_[sequence - 1];
  return std::string_view(text_).substr(start, EndOf(sequence) - start - 1);
}

absl::StatusOr<registry::Entry> Ledger::Entry(uint64_t sequence) const {
  absl::StatusOr<registry::Entry> entry = ParseEntry(Line(sequence));
  if (!entry.ok()) {
    return Corrupted(
        absl::StrCat("entry ", sequence, ": ", entry.status().message()));
  }
  if (entry->sequence() != sequence) {
    return Corrupted(absl::StrCat("entry ", sequence, " says it is number ",
                                  entry->sequence()));
  }
  return entry;
}

uint64_t Ledger::EntryAt(size_t at) const {
  return static_cast<uint64_t>(
      std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin());
}

size_t Ledger::EndOf(uint64_t sequence) const {
  return sequence == size() ? text_.size() : starts_[sequence];
}

std::vector<uint64_t> Ledger::Mentioning(std::string_view text) const {
  std::vector<uint64_t> found;
  size_t at = Find(text_, text, 0);
  while (at != std::string_view::npos) {
    found.push_back(EntryAt(at));
    at = Find(text_, text, EndOf(found.back()));
  }
  return found;
}

std::set<uint64_t> Ledger::Naming(const std::set<std::string>& digests) const {
  const std::unordered_set<std::string_view> wanted(digests.begin(),
                                                    digests.end());
  std::set<uint64_t> found;
  const std::string_view text = text_;
  for (size_t at = wanted.empty() ? text.npos : Find(text, kDigest, 0);
       at != text.npos; at = Find(text, kDigest, at + kDigest.size())) {
    if (wanted.count(text.substr(at, kDigestTextBytes)) != 0) {
      found.insert(EntryAt(at));
    }
  }
  return found;
}

std::vector<uint64_t> Ledger::OfAction(std::string_view action) const {
  const std::string start = absl::StrCat("{\"action\":\"", action, "\"");
  std::vector<uint64_t> found;
  for (uint64_t sequence = 1; sequence <= size(); ++sequence) {
    if (absl::StartsWith(Line(sequence), start)) found.push_back(sequence);
  }
  return found;
}

uint64_t Ledger::LastMention(std::string_view text, uint64_t after,
                             uint64_t limit) const {
  for (uint64_t sequence = limit; sequence > after; --sequence) {
    if (Find(Line(sequence), text, 0) != std::string_view::npos) {
      return sequence;
    }
  }
  return 0;
}

void Ledger::Number(registry::Entry& entry) const {
  entry.set_schema_version(std::string(kEntrySchema));
  entry.set_sequence(size() + 1);
  entry.set_previous_entry(size() == 0 ? "" : EntryDigest(size()).ToString());
}

void Ledger::Append(const registry::Entry& entry) {
  AddLine(CanonicalRecord(entry));
}

void Ledger::AddLine(std::string_view line) {
  starts_.push_back(text_.size());
  digests_.push_back(Sha256(line));
  absl::StrAppend(&text_, line, "\n");
}

registry::Head Ledger::Head() const {
  registry::Head head;
  head.set_schema_version(std::string(kHeadSchema));
  head.set_sequence(size());
  head.set_entry(EntryDigest(size()).ToString());
  head.set_bytes(bytes());
  return head;
}

Ledger StartLedger(registry::Entry genesis) {
  Ledger ledger;
  ledger.Number(genesis);
  ledger.Append(genesis);
  return ledger;
}

absl::StatusOr<registry::Entry> ParseEntry(std::string_view line) {
  registry::Entry entry;
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(line, "ledger entry", &entry));
  if (entry.schema_version() != kEntrySchema) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ledger entry: schema_version is \"",
                     entry.schema_version().substr(0, 80), "\" (expected \"",
                     kEntrySchema, "\")"));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckNames(entry));
  return entry;
}

absl::StatusOr<registry::Head> ParseHead(std::string_view text) {
  registry::Head head;
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(text, "head.json", &head));
  if (head.schema_version() != kHeadSchema) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid head.json: schema_version is \"",
                     head.schema_version().substr(0, 80), "\" (expected \"",
                     kHeadSchema, "\")"));
  }
  if (head.sequence() == 0 || head.bytes() > kMaxLedgerBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid head.json: ", head.sequence(), " entries in ", head.bytes(),
        " bytes (expected at least 1 entry in at most ", kMaxLedgerBytes, ")"));
  }
  return head;
}

absl::Status CheckTime(std::string_view text) {
  absl::Time time;
  std::string ignored;
  if (text.size() == 20 && text.back() == 'Z' &&
      absl::ParseTime("%Y-%m-%dT%H:%M:%SZ", text, &time, &ignored) &&
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone()) ==
          text) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid time: \"", text.substr(0, 40),
                   "\" (expected RFC 3339 in UTC, 2026-11-28T12:00:00Z)"));
}

}  // namespace pedigree
