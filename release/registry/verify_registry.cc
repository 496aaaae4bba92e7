#include "release/registry/verify_registry.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "release/file_stream.h"
#include "release/json_difference.h"
#include "release/layout.h"
#include "release/lineage/packet_facts.h"
#include "release/oci.h"
#include "release/printable.h"
#include "release/registry/ledger.h"
#include "release/registry/lifecycle.h"
#include "release/registry/policy.h"
#include "release/registry/revocation.h"
#include "release/registry/signed_statement.h"
#include "release/registry/state.h"
#include "release/registry/store.h"
#include "release/verify.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;
using registry::Entry;

constexpr size_t kMaxFaults = 200;

std::string_view Hex(std::string_view digest) {
  return absl::StripPrefix(digest, "sha256:");
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

class RegistryCheck {
 public:
  RegistryCheck(const std::string& directory,
                const RegistryCheckOptions& options, RegistryReport& report)
      : directory_(directory), options_(options), report_(report) {}

  void Run() {
    absl::StatusOr<Ledger> ledger = ReadLedger(directory_);
    if (!ledger.ok()) return Note(ledger.status());
    ledger_.emplace(*std::move(ledger));
    report_.id = ledger_->Id();
    report_.entries = ledger_->size();
    report_.head = ledger_->EntryDigest(ledger_->size()).ToString();
    CheckCheckpoints();
    CheckPlaces();
    if (ReplayLedger()) {
      report_.artifacts = state_.artifacts().size();
      CheckDerived();
      CheckPackets();
      CheckDecisions();
      CheckBlobs();
    }
    if (report_.faults.size() > kMaxFaults) {
      const size_t more = report_.faults.size() - kMaxFaults;
      report_.faults.resize(kMaxFaults);
      Fault(absl::StrCat("and ", more, " faults more"));
    }
  }

 private:
  void Fault(std::string_view fault) {
    report_.faults.push_back(Printable(fault));
  }

  void Note(const absl::Status& status) {
    if (!status.ok()) Fault(status.message());
  }

  std::string Path(std::string_view name) const {
    return absl::StrCat(directory_, "/", name);
  }

  void CheckCheckpoints() {
    for (const NamedEnvelope& checkpoint : options_.checkpoints) {
      const absl::Status status =
          CheckCheckpoint(checkpoint.text, options_.keys, *ledger_,
                          options_.since);
      if (!status.ok()) {
        Fault(absl::StrCat(checkpoint.name, ": ", status.message()));
      }
    }
  }

  // Names in `folder`, sorted; what cannot be listed is a fault.
  std::vector<std::string> List(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it(Path(folder), error), end;
         !error && it != end; it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) Fault(absl::StrCat("Missing folder ", folder));
    std::sort(names.begin(), names.end());
    return names;
  }

  void CheckPlaces() {
    static const auto& kTop = *new std::set<std::string>{
        "aliases",      "blobs", "head.json", "index",
        "ledger.jsonl", "lock",  "packets",   "registry.json",
        "tmp"};
    for (const std::string& name : List(".")) {
      if (kTop.count(name) == 0) Stray(name);
    }
    for (const std::string& name : List("index")) {
      if (name != "applied.json" && name != "artifacts") {
        Stray(absl::StrCat("index/", name));
      }
    }
    for (const std::string& name : List("blobs")) {
      if (name != "sha256") Stray(absl::StrCat("blobs/", name));
    }
    const size_t left = List("tmp").size();
    if (left != 0) {
      report_.notes.push_back(
          absl::StrCat(left, " temporary files of a write that was cut off"));
    }
    std::error_code error;
    const uintmax_t size = fs::file_size(Path("ledger.jsonl"), error);
    const absl::Status end = CheckLedgerEnd(directory_, *ledger_);
    if (!end.ok()) return Note(end);
    if (!error && size > ledger_->bytes()) {
      report_.notes.push_back(absl::StrCat(
          size - ledger_->bytes(),
          " bytes behind the ledger's end, of a write that was cut off"));
    }
  }

  void Stray(const std::string& name) {
    Fault(absl::StrCat("Invalid registry: ", name, " belongs to no registry"));
  }

  // The state, and the one before the last entry.
  bool ReplayLedger() {
    for (uint64_t sequence = 1; sequence <= ledger_->size(); ++sequence) {
      absl::StatusOr<Entry> entry = ledger_->Entry(sequence);
      if (!entry.ok()) {
        Note(entry.status());
        return false;
      }
      absl::Status status = CheckTime(entry->at());
      if (status.ok()) status = state_.Check(*entry);
      if (!status.ok()) {
        Fault(absl::StrCat("Corrupted ledger: entry ", sequence, ": ",
                           status.message()));
        return false;
      }
      if (sequence == ledger_->size()) before_ = state_;
      state_.Apply(*entry);
      entries_.push_back(*std::move(entry));
    }
    return true;
  }

  void CheckDerived() {
    const absl::StatusOr<registry::Applied> applied =
        ReadApplied(directory_, *ledger_);
    Note(applied.status());
    behind_ = applied.ok() && applied->sequence() < ledger_->size();
    if (behind_) {
      report_.notes.push_back(
          absl::StrCat("aliases and index stand at entry ",
                       applied->sequence(), " of ", ledger_->size(),
                       ", after a write that was cut off"));
    }
    CheckAliases();
    CheckArtifacts();
  }

  void CheckAliases() {
    std::set<std::string> names;
    for (const std::string& name : List("aliases")) names.insert(name);
    for (const auto& [name, alias] : state_.aliases()) {
      names.erase(absl::StrCat(name, ".json"));
      absl::Status status = CheckAliasFile(directory_, alias);
      if (!status.ok() && behind_) {
        const registry::Alias* old = before_.FindAlias(name);
        if (old == nullptr) continue;
        status = CheckAliasFile(directory_, *old);
      }
      Note(status);
    }
    for (const std::string& name : names) {
      Fault(absl::StrCat("Invalid registry: aliases/", name,
                         " is no alias of the ledger"));
    }
  }

  void CheckArtifacts() {
    std::set<std::string> names;
    for (const std::string& name : List("index/artifacts")) names.insert(name);
    for (const auto& [digest, artifact] : state_.artifacts()) {
      names.erase(absl::StrCat(Hex(digest), ".json"));
      absl::Status status = CheckArtifactFile(directory_, artifact);
      if (!status.ok() && behind_) {
        const registry::Artifact* old = before_.Find(digest);
        if (old == nullptr) continue;
        status = CheckArtifactFile(directory_, *old);
      }
      Note(status);
    }
    for (const std::string& name : names) {
      Fault(absl::StrCat("Invalid registry: index/artifacts/", name,
                         " is no artifact of the ledger"));
    }
  }

  void CheckPackets() {
    std::set<std::string> names;
    for (const std::string& name : List("packets")) names.insert(name);
    for (const Entry& entry : entries_) {
      for (const std::string& digest : entry.affected()) {
        revoked_.emplace(digest, entry.sequence());
      }
      if (entry.action() != "add") continue;
      names.erase(std::string(Hex(entry.subject())));
      CheckPacket(entry);
      ++looked_at_;
      if (options_.progress) {
        options_.progress(looked_at_, state_.artifacts().size());
      }
    }
    if (!names.empty()) {
      report_.notes.push_back(absl::StrCat(
          names.size(), " packets that no entry names, of an add that was cut "
                        "off (registry reindex removes them)"));
    }
    for (const std::string& name : names) {
      if (!ParseDigest(absl::StrCat("sha256:", name)).ok()) {
        Stray(absl::StrCat("packets/", name));
      }
    }
  }

  void CheckPacket(const Entry& entry) {
    const std::string path = PacketPath(directory_, entry.subject());
    const size_t before = report_.faults.size();
    if (options_.packets) {
      const absl::StatusOr<VerifyReport> report =
          VerifyPacket(path, *ParseDigest(entry.subject()));
      Note(report.status());
      if (report.ok()) {
        for (const std::string& fault : report->faults) {
          Fault(absl::StrCat("packet ", entry.subject(), ": ", fault));
        }
      }
    }
    CheckLinks(entry.subject());
    if (report_.faults.size() != before) return;
    absl::StatusOr<PacketFacts> facts = reader_.Read(path);
    if (!facts.ok()) return Note(facts.status());
    const registry::Release release = DescribeRelease(*facts);
    CheckOrigins(entry, release);
    CheckRelease(entry, release);
    records_[entry.subject()] = facts->record;
  }

  // Nothing is added that comes from something revoked before.
  void CheckOrigins(const Entry& entry, const registry::Release& release) {
    for (const std::string& origin : OriginsOf(release)) {
      const auto found = revoked_.find(origin);
      if (found == revoked_.end()) continue;
      DecisionFault(entry, absl::StrCat("it comes from ", origin,
                                        ", which entry ", found->second,
                                        " revoked"));
    }
  }

  // A packet's folder shares the blobs of the registry.
  void CheckLinks(const std::string& packet) {
    const absl::StatusOr<std::string> text =
        ReadRegistryBlob(directory_, packet, kMaxManifestBytes);
    if (!text.ok()) {
      return Fault(absl::StrCat("packet ", packet, ": ",
                                text.status().message()));
    }
    std::vector<std::string> faults;
    const OciManifest manifest = ParseOciManifest(*text, &faults);
    std::vector<Digest> digests = {Sha256(*text)};
    for (const Descriptor& blob : BlobsOf(manifest)) {
      digests.push_back(blob.digest);
    }
    for (const Digest& digest : digests) {
      named_.insert(digest.Hex());
      if (!SameFile(RegistryBlobPath(directory_, digest.ToString()),
                    BlobPath(PacketPath(directory_, packet), digest))) {
        // A copy that lost its hard links is as good, and hashed by itself.
        copies_.push_back(BlobPath(PacketPath(directory_, packet), digest));
      }
    }
  }

  // What an add says of its packet is what the packet says.
  void CheckRelease(const Entry& entry, registry::Release expected) {
    registry::Release found = entry.release();
    for (const registry::Derivation& derivation : found.derivations()) {
      known_.insert(CanonicalRecord(derivation));
    }
    for (const registry::Derivation& derivation : expected.derivations()) {
      if (known_.count(CanonicalRecord(derivation)) == 0) {
        Fault(absl::StrCat("Corrupted ledger: entry ", entry.sequence(),
                           ": how ", derivation.digest(),
                           " came about is not told"));
      }
    }
    found.clear_derivations();
    expected.clear_derivations();
    for (const std::string& difference :
         DescribeRecordDifferences(found, expected)) {
      Fault(absl::StrCat("Corrupted ledger: entry ", entry.sequence(),
                         ": the packet's ", difference));
    }
  }

  void CheckDecisions() {
    RegistryState now;
    std::optional<RegistryPolicy> policy;
    DerivationGraph graph;
    for (const Entry& entry : entries_) {
      CheckDecision(entry, now, policy);
      CheckRevocation(entry, now, graph);
      graph.Add(entry);
      now.Apply(entry);
    }
  }

  // A revocation reaches what it must, and nothing else.
  void CheckRevocation(const Entry& entry, const RegistryState& now,
                       const DerivationGraph& graph) {
    if (entry.action() != "revoke") return;
    Entry expected = entry;
    expected.clear_affected();
    expected.clear_moves();
    expected.clear_transitions();
    PlanRevocation(graph, now, expected);
    const auto compare = [&](std::string_view what, const auto& found,
                             const auto& planned) {
      for (int i = 0; i < std::max(found.size(), planned.size()); ++i) {
        const std::string is = i < found.size() ? Text(found[i]) : "nothing";
        const std::string must =
            i < planned.size() ? Text(planned[i]) : "nothing";
        if (is == must) continue;
        return DecisionFault(entry, absl::StrCat(what, " ", i + 1, " is ", is,
                                                 " (expected ", must, ")"));
      }
    };
    compare("affected", entry.affected(), expected.affected());
    compare("transition", entry.transitions(), expected.transitions());
    compare("move", entry.moves(), expected.moves());
  }

  static std::string Text(const std::string& digest) { return digest; }
  static std::string Text(const google::protobuf::Message& record) {
    return CanonicalRecord(record);
  }

  void CheckDecision(const Entry& entry, const RegistryState& now,
                     std::optional<RegistryPolicy>& policy) {
    const std::string& action = entry.action();
    const bool changes = action == "init" || action == "policy";
    if (changes || action == "promote" || action == "rollback") {
      named_.insert(std::string(Hex(entry.policy())));
      if (!changes && entry.policy() != now.policy()) {
        DecisionFault(entry, absl::StrCat("heeds policy ", entry.policy(),
                                          " (expected ", now.policy(),
                                          ", the one in force)"));
      }
      if (action != "init") CheckEntryGrounds(entry, now, policy);
    }
    if (changes) policy = ReadPolicy(entry);
  }

  void DecisionFault(const Entry& entry, std::string_view fault) {
    Fault(absl::StrCat("Invalid decision: entry ", entry.sequence(), " (",
                       entry.action(), "): ", fault));
  }

  std::optional<RegistryPolicy> ReadPolicy(const Entry& entry) {
    const absl::StatusOr<std::string> text =
        ReadRegistryBlob(directory_, entry.policy(), kMaxPolicyBytes);
    if (!text.ok()) {
      DecisionFault(entry, text.status().message());
      return std::nullopt;
    }
    absl::StatusOr<RegistryPolicy> policy = RegistryPolicy::Parse(*text);
    if (policy.ok()) return *std::move(policy);
    DecisionFault(entry, policy.status().message());
    return std::nullopt;
  }

  void CheckEntryGrounds(const Entry& entry, const RegistryState& now,
                         const std::optional<RegistryPolicy>& policy) {
    if (!policy.has_value()) return;
    Grounds grounds;
    grounds.decision.set_action(entry.action());
    grounds.decision.set_alias(entry.alias());
    grounds.decision.set_artifact(
        entry.action() == "policy" ? entry.policy() : entry.subject());
    if (entry.action() != "policy") {
      const registry::Artifact* subject = now.Find(entry.subject());
      grounds.decision.set_state(subject == nullptr ? "" : subject->state());
      for (const registry::Transition& transition : entry.transitions()) {
        if (transition.artifact() == entry.subject()) {
          grounds.decision.set_state(transition.to());
        }
      }
      const auto record = records_.find(entry.subject());
      if (record == records_.end()) return;  // a fault of the packet already
      grounds.record = record->second;
      CheckEvidence(entry, record->second);
    }
    grounds.approvals = ReadEnvelopes(entry, entry.approvals(), "approval");
    grounds.claims = ReadEnvelopes(entry, entry.claims(), "claim");
    for (const std::string& lacking :
         CheckGrounds(*policy, grounds, *ledger_, entry.sequence() - 1)) {
      DecisionFault(entry, lacking);
    }
  }

  void CheckEvidence(const Entry& entry, const release::ReleaseRecord& record) {
    std::vector<std::string> expected = {record.decision_digest()};
    for (const release::Evidence& evidence : record.sidecars()) {
      expected.push_back(evidence.sidecar_digest());
    }
    if (!std::equal(expected.begin(), expected.end(), entry.evidence().begin(),
                    entry.evidence().end())) {
      DecisionFault(entry, "its evidence is not the packet's");
    }
  }

  std::vector<NamedEnvelope> ReadEnvelopes(
      const Entry& entry,
      const google::protobuf::RepeatedPtrField<std::string>& digests,
      std::string_view what) {
    std::vector<NamedEnvelope> envelopes;
    for (const std::string& digest : digests) {
      named_.insert(std::string(Hex(digest)));
      absl::StatusOr<std::string> text =
          ReadRegistryBlob(directory_, digest, kMaxStatementBytes);
      if (text.ok()) {
        envelopes.push_back({absl::StrCat(what, " ", digest), *std::move(text)});
      } else {
        DecisionFault(entry, absl::StrCat(what, ": ", text.status().message()));
      }
    }
    return envelopes;
  }

  // Every blob is what its name says; none is missing; those that nothing names
  // are left by an add that was cut off.
  void CheckBlobs() {
    size_t unnamed = 0;
    for (const std::string& name : List("blobs/sha256")) {
      const absl::StatusOr<Digest> digest =
          ParseDigest(absl::StrCat("sha256:", name));
      if (!digest.ok()) {
        Stray(absl::StrCat("blobs/sha256/", name));
        continue;
      }
      if (named_.erase(name) == 0) ++unnamed;
      HashBlob(RegistryBlobPath(directory_, digest->ToString()), *digest);
    }
    for (const std::string& missing : named_) {
      Fault(absl::StrCat("Missing blob sha256:", missing));
    }
    if (!options_.packets) {
      for (const std::string& path : copies_) HashCopy(path);
    }
    if (unnamed != 0) {
      report_.notes.push_back(absl::StrCat(
          unnamed, " blobs that no entry names, of a write that was cut off "
                   "(registry reindex removes them)"));
    }
  }

  void HashCopy(const std::string& path) {
    HashBlob(path, *ParseDigest(absl::StrCat(
                       "sha256:", fs::path(path).filename().string())));
  }

  void HashBlob(const std::string& path, const Digest& expected) {
    const absl::StatusOr<FileDigest> file = DigestFile(path, Links::kRefuse);
    if (!file.ok()) return Note(file.status());
    if (file->digest == expected) return;
    Fault(absl::StrCat("Corrupted blob: digest is ", file->digest.ToString(),
                       " (expected ", expected.ToString(), "), ",
                       absl::StripPrefix(path, directory_ + "/")));
  }

  const std::string& directory_;
  const RegistryCheckOptions& options_;
  RegistryReport& report_;
  std::optional<Ledger> ledger_;
  std::vector<Entry> entries_;
  RegistryState state_;
  RegistryState before_;
  bool behind_ = false;
  uint64_t looked_at_ = 0;
  PacketFactsReader reader_;
  std::map<std::string, release::ReleaseRecord> records_;
  // What revocations so far reached, with the first entry that did.
  std::map<std::string, uint64_t> revoked_;
  // Canonical texts of the derivations that entries so far told.
  std::set<std::string> known_;
  // Hex digests of blobs that entries and packets name.
  std::set<std::string> named_;
  std::vector<std::string> copies_;
};

}  // namespace

absl::StatusOr<RegistryReport> VerifyRegistry(
    const std::string& directory, const RegistryCheckOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const RegistryLock lock,
      RegistryLock::Take(directory, RegistryLock::Kind::kShared));
  RegistryReport report;
  RegistryCheck(directory, options, report).Run();
  return report;
}

}  // namespace pedigree
