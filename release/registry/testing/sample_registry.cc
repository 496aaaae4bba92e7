#include "release/registry/testing/sample_registry.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/registry/signed_statement.h"
#include "release/registry/store.h"
#include "release/signing/signer.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  PEDIGREE_CHECK(value.ok());
  return *std::move(value);
}

DecisionNote SampleNote() { return {kSampleTime, "because"}; }

absl::Status Outcome(const absl::StatusOr<Verdict>& verdict) {
  PEDIGREE_RETURN_IF_ERROR(verdict.status());
  if (verdict->refusals.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(verdict->refusals[0]);
}

void AddRule(registry::RegistryPolicy& policy, const std::string& state,
             uint32_t approvals) {
  registry::StateRule& rule = *policy.add_states();
  rule.set_state(state);
  rule.set_approvals(approvals);
  if (state == "canary") rule.add_suites("greetings");
}

}  // namespace

RegistryPolicy SamplePolicy(std::string_view version) {
  registry::RegistryPolicy policy;
  policy.set_schema_version(std::string(kRegistryPolicySchema));
  policy.set_name("sample");
  policy.set_version(std::string(version));
  const std::pair<const char*, std::string_view> signers[] = {
      {"alice", kEd25519PublicPem}, {"bob", kP256PublicPem}};
  for (const auto& [name, pem] : signers) {
    registry::Signer& signer = *policy.add_signers();
    signer.set_name(name);
    signer.set_public_key(std::string(pem));
  }
  AddRule(policy, "candidate", 0);
  AddRule(policy, "shadow", 0);
  AddRule(policy, "canary", 0);
  AddRule(policy, "specialist", 1);
  AddRule(policy, "champion", 2);
  return Must(RegistryPolicy::Parse(CanonicalRecord(policy)));
}

std::vector<NamedEnvelope> SampleApprovals(const std::string& directory,
                                           const registry::Approval& decision,
                                           int count) {
  const Ledger ledger = Must(ReadLedger(directory));
  registry::Approval approval = decision;
  approval.set_registry(ledger.Id());
  approval.set_sequence(ledger.size());
  approval.set_entry(ledger.EntryDigest(ledger.size()).ToString());
  const std::string_view keys[] = {kEd25519PrivatePem, kP256PrivatePem};
  std::vector<NamedEnvelope> envelopes;
  for (int i = 0; i < count; ++i) {
    KeySigner signer(SampleKey(keys[i]));
    envelopes.push_back({absl::StrCat("approval ", i),
                         Must(SignStatement(WriteApproval(approval), signer))});
  }
  return envelopes;
}

absl::Status MakeSampleRegistry(FileSystem& files,
                                const std::string& directory) {
  return CreateRegistry(files, directory, "sample", "0123", SamplePolicy(),
                        SampleNote());
}

absl::Status SampleAdd(FileSystem& files, const std::string& directory,
                       const std::string& packet) {
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer,
                            RegistryWriter::Open(files, directory));
  return Outcome(AddPacket(writer, packet, std::nullopt, SampleNote()));
}

PromoteRequest SamplePromotion(const std::string& directory,
                               const std::string& artifact,
                               const std::string& state,
                               const std::string& alias) {
  PromoteRequest request;
  request.artifact = artifact;
  request.state = state;
  request.alias = alias;
  registry::Approval decision;
  decision.set_action("promote");
  decision.set_artifact(artifact);
  decision.set_state(state);
  decision.set_alias(alias);
  const int count = state == "champion" ? 2 : state == "specialist" ? 1 : 0;
  request.approvals = SampleApprovals(directory, decision, count);
  return request;
}

absl::Status SampleDecide(FileSystem& files, const std::string& directory,
                          const PromoteRequest& request) {
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer,
                            RegistryWriter::Open(files, directory));
  return Outcome(Promote(writer, request, SampleNote()));
}

absl::Status SamplePromote(FileSystem& files, const std::string& directory,
                           const std::string& artifact,
                           const std::string& state,
                           const std::string& alias) {
  return SampleDecide(files, directory,
                      SamplePromotion(directory, artifact, state, alias));
}

absl::Status SampleRollback(FileSystem& files, const std::string& directory,
                            const std::string& alias,
                            const std::string& artifact) {
  RollbackRequest request;
  request.alias = alias;
  request.artifact = artifact;
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer,
                            RegistryWriter::Open(files, directory));
  return Outcome(Rollback(writer, request, SampleNote()));
}

absl::Status SampleRetire(FileSystem& files, const std::string& directory,
                          const std::string& target, const std::string& state) {
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer,
                            RegistryWriter::Open(files, directory));
  return Outcome(Retire(writer, target, state, SampleNote()));
}

absl::Status SampleRevoke(FileSystem& files, const std::string& directory,
                          const std::string& digest) {
  PEDIGREE_ASSIGN_OR_RETURN(RegistryWriter writer,
                            RegistryWriter::Open(files, directory));
  return Outcome(Revoke(writer, digest, SampleNote()));
}

absl::Status SampleRaise(FileSystem& files, const std::string& directory,
                         const std::string& artifact, const std::string& state,
                         const std::string& alias) {
  for (const char* step : {"candidate", "shadow", "canary"}) {
    PEDIGREE_RETURN_IF_ERROR(SamplePromote(files, directory, artifact, step));
    if (step == state) return absl::OkStatus();
  }
  return SamplePromote(files, directory, artifact, state, alias);
}

}  // namespace pedigree
