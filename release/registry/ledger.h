// The decision ledger: one canonical JSON entry a line, each naming the digest
// of the one before. Specification: docs/formats/registry.md, "Ledger".

#ifndef PEDIGREE_RELEASE_REGISTRY_LEDGER_H_
#define PEDIGREE_RELEASE_REGISTRY_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/registry/records.pb.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kEntrySchema = "pedigree.ledger_entry.v1";
inline constexpr std::string_view kHeadSchema = "pedigree.ledger_head.v1";
// Far above what a registry needs; one entry takes about 1 KB.
inline constexpr uint64_t kMaxLedgerBytes = uint64_t{1} << 32;
inline constexpr uint64_t kMaxEntryBytes = uint64_t{64} << 20;

// A ledger read into memory, its chain checked. Immutable but for Append.
class Ledger {
 public:
  // Takes the first `head.bytes` of `text`; what follows belongs to a write
  // that did not end.
  //
  // Errors: kDataLoss when that many bytes are not there or the entries do not
  // chain up to `head`; the message names the entry. Entries are not parsed.
  static absl::StatusOr<Ledger> Parse(std::string text,
                                      const registry::Head& head);

  // The registry's id: the digest of the first entry.
  std::string Id() const { return EntryDigest(1).ToString(); }
  uint64_t size() const { return starts_.size(); }
  uint64_t bytes() const { return text_.size(); }
  // Entries count from 1 to size().
  std::string_view Line(uint64_t sequence) const;
  Digest EntryDigest(uint64_t sequence) const { return digests_[sequence - 1]; }
  // Errors: kDataLoss when it breaks its schema or tells another number.
  absl::StatusOr<registry::Entry> Entry(uint64_t sequence) const;
  // Numbers of the entries whose text holds `text`, ascending. A search through
  // all of the ledger.
  std::vector<uint64_t> Mentioning(std::string_view text) const;
  // Numbers of the entries that name one of the digests. One pass over the
  // ledger, however many these are.
  std::set<uint64_t> Naming(const std::set<std::string>& digests) const;
  // Numbers of the entries of that action. Looks at the start of each line
  // only, where canonical JSON has it.
  std::vector<uint64_t> OfAction(std::string_view action) const;

  // The last entry that holds `text` of those after entry `after` and up to
  // `limit`; 0 for none. Searches these entries only.
  uint64_t LastMention(std::string_view text, uint64_t after,
                       uint64_t limit) const;

  // What a further entry has to be: its number, and the digest before it.
  void Number(registry::Entry& entry) const;
  void Append(const registry::Entry& entry);
  registry::Head Head() const;

 private:
  friend Ledger StartLedger(registry::Entry genesis);

  Ledger() = default;

  void AddLine(std::string_view line);
  // The number of the entry that byte `at` of the text is in.
  uint64_t EntryAt(size_t at) const;
  // Where the lines after entry `sequence` start.
  size_t EndOf(uint64_t sequence) const;

  std::string text_;
  std::vector<size_t> starts_;
  std::vector<Digest> digests_;
};

// A ledger of one entry.
Ledger StartLedger(registry::Entry genesis);

// Reads one line; digests and names of aliases in it are well-formed, so that
// they are safe as file names. Errors: kInvalidArgument.
absl::StatusOr<registry::Entry> ParseEntry(std::string_view line);

// Reads `head.json`. Errors: kInvalidArgument.
absl::StatusOr<registry::Head> ParseHead(std::string_view text);

// Errors: kInvalidArgument unless `text` is like "2026-11-28T12:00:00Z".
absl::Status CheckTime(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_LEDGER_H_
