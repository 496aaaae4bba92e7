#include "release/lineage/read_lineage.h"

#include <cstdint>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "release/lineage/packet_facts.h"
#include "release/registry/ledger.h"
#include "release/registry/state.h"
#include "release/registry/store.h"
#include "release/verify.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// The ledger's entries about states, by artifact: the last one counts.
absl::StatusOr<std::map<std::string, registry::Entry>> LastChanges(
    const Ledger& ledger) {
  std::map<std::string, registry::Entry> changes;
  for (uint64_t sequence = 1; sequence <= ledger.size(); ++sequence) {
    PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry entry,
                              ledger.Entry(sequence));
    for (const registry::Transition& transition : entry.transitions()) {
      changes[transition.artifact()] = entry;
    }
  }
  return changes;
}

absl::Status AddRevocations(const Ledger& ledger, LineageBuilder& builder) {
  for (uint64_t sequence : ledger.OfAction("revoke")) {
    PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry entry,
                              ledger.Entry(sequence));
    for (const std::string& digest : entry.affected()) {
      builder.AddVulnerability(digest,
                               {entry.subject(), entry.reason(), sequence});
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LineageGraph> ReadPacketLineage(
    const std::vector<std::string>& packets) {
  LineageBuilder builder;
  PacketFactsReader reader;
  for (const std::string& packet : packets) {
    PEDIGREE_ASSIGN_OR_RETURN(const VerifyReport report, VerifyPacket(packet));
    if (!report.faults.empty()) {
      return absl::DataLossError(absl::StrCat(packet, ": ", report.faults[0]));
    }
    LineageRelease release;
    PEDIGREE_ASSIGN_OR_RETURN(release.facts, reader.Read(packet));
    builder.Add(std::move(release));
  }
  return std::move(builder).Build();
}

absl::StatusOr<LineageGraph> ReadRegistryLineage(const std::string& directory) {
  PEDIGREE_ASSIGN_OR_RETURN(const Ledger ledger, ReadLedger(directory));
  PEDIGREE_ASSIGN_OR_RETURN(const RegistryState state,
                            RegistryState::Replay(ledger));
  using Changes = std::map<std::string, registry::Entry>;
  PEDIGREE_ASSIGN_OR_RETURN(const Changes changes, LastChanges(ledger));
  LineageBuilder builder;
  PacketFactsReader reader;
  for (const auto& [digest, artifact] : state.artifacts()) {
    LineageRelease release;
    PEDIGREE_ASSIGN_OR_RETURN(release.facts,
                              reader.Read(PacketPath(directory, digest)));
    if (release.facts.digest.ToString() != digest) {
      return absl::DataLossError(absl::StrCat(
          "Corrupted packet: digest is ", release.facts.digest.ToString(),
          " (expected ", digest, "), ", PacketPath(directory, digest)));
    }
    release.state = artifact.state();
    release.aliases.assign(artifact.aliases().begin(),
                           artifact.aliases().end());
    PEDIGREE_ASSIGN_OR_RETURN(const registry::Entry added,
                              ledger.Entry(artifact.added()));
    release.added_at = added.at();
    const registry::Entry& last = changes.at(digest);
    release.changed_at = last.at();
    release.reason = last.reason();
    release.approvals = static_cast<uint64_t>(
        last.subject() == digest ? last.approvals_size() : 0);
    builder.Add(std::move(release));
  }
  PEDIGREE_RETURN_IF_ERROR(AddRevocations(ledger, builder));
  return std::move(builder).Build();
}

}  // namespace pedigree
