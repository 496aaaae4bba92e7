// Feeds bytes to the parsers of a registry's files. The first byte chooses the
// parser: e(ntry), h(ead), l(edger), p(olicy), a(lias),
// s(tatement of an approval).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "release/registry/ledger.h"
#include "release/registry/policy.h"
#include "release/registry/records.pb.h"
#include "release/registry/signed_statement.h"
#include "release/registry/state.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

void FuzzEntry(std::string_view text) {
  const absl::StatusOr<registry::Entry> entry = ParseEntry(text);
  if (!entry.ok()) return;
  PEDIGREE_CHECK(CanonicalRecord(*entry) == text);
  RegistryState state;
  state.Check(*entry).IgnoreError();
  state.Apply(*entry);
}

// The head is made to fit, so that the lines are looked at.
void FuzzLedger(std::string_view text) {
  registry::Head head;
  head.set_bytes(text.size());
  uint64_t lines = 0;
  size_t last = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n') continue;
    ++lines;
    if (i + 1 < text.size()) last = i + 1;
  }
  head.set_sequence(lines);
  if (!text.empty()) {
    head.set_entry(
        Sha256(text.substr(last, text.size() - last - 1)).ToString());
  }
  const absl::StatusOr<Ledger> ledger = Ledger::Parse(std::string(text), head);
  if (!ledger.ok() || ledger->size() == 0) return;
  PEDIGREE_CHECK(ledger->size() == lines);
  PEDIGREE_CHECK(ledger->Mentioning("\n").size() <= lines);
  RegistryState::Replay(*ledger).status().IgnoreError();
}

void FuzzPolicy(std::string_view text) {
  const absl::StatusOr<RegistryPolicy> policy = RegistryPolicy::Parse(text);
  if (!policy.ok()) return;
  const absl::StatusOr<RegistryPolicy> again =
      RegistryPolicy::Parse(policy->text());
  PEDIGREE_CHECK(again.ok() && again->digest() == policy->digest());
}

// An approval as it is when its signature was good.
void FuzzStatement(std::string_view text) {
  const absl::StatusOr<SignedStatement> statement =
      ParsePayload(text, "approval");
  if (!statement.ok()) return;
  registry::Entry genesis;
  genesis.set_action("init");
  const Ledger ledger = StartLedger(genesis);
  CheckApproval(*statement, "approval", registry::Approval(), ledger, 1)
      .IgnoreError();
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  switch (data[0]) {
    case 'e':
      pedigree::FuzzEntry(text);
      break;
    case 'h':
      pedigree::ParseHead(text).status().IgnoreError();
      break;
    case 'l':
      pedigree::FuzzLedger(text);
      break;
    case 'p':
      pedigree::FuzzPolicy(text);
      break;
    case 'a': {
      pedigree::registry::Alias alias;
      pedigree::ParseCanonicalRecord(text, "alias", &alias).IgnoreError();
      break;
    }
    default:
      pedigree::FuzzStatement(text);
  }
  return 0;
}
