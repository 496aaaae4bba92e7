// The registry's own signed statements: approvals and checkpoints, in-toto
// statements in DSSE envelopes. Specification: docs/formats/registry.md,
// "Approvals" and "Checkpoints".

#ifndef PEDIGREE_RELEASE_REGISTRY_SIGNED_STATEMENT_H_
#define PEDIGREE_RELEASE_REGISTRY_SIGNED_STATEMENT_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "release/registry/ledger.h"
#include "release/registry/records.pb.h"
#include "release/signing/keys.h"
#include "release/signing/signer.h"

namespace pedigree {

inline constexpr std::string_view kApprovalType =
    "https://pedigree.dev/registry-approval/v1";
inline constexpr std::string_view kCheckpointType =
    "https://pedigree.dev/registry-checkpoint/v1";
inline constexpr uint64_t kMaxStatementBytes = uint64_t{4} << 20;

// The canonical statement that `predicate` is about the thing of that digest.
std::string WriteStatement(std::string_view subject_name,
                           std::string_view subject_digest,
                           std::string_view predicate_type,
                           const google::protobuf::Message& predicate);

// A statement whose signatures were checked before it was parsed.
struct SignedStatement {
  // Ids of those of the keys that signed; at least one.
  std::set<std::string> key_ids;
  std::string predicate_type;
  // "sha256:<hex>" of every subject.
  std::vector<std::string> subjects;
  // The canonical JSON of the predicate.
  std::string predicate;
};

// Reads a statement, whose signatures are not looked at: `key_ids` stays empty.
// Members that it does not know are ignored. Errors: kInvalidArgument.
absl::StatusOr<SignedStatement> ParsePayload(std::string_view payload,
                                               std::string_view what);

// Opens an envelope. `what` names it in errors. Errors: kInvalidArgument when it
// is no envelope of a statement; kPermissionDenied when none of `keys` signed.
absl::StatusOr<SignedStatement> OpenStatement(
    std::string_view envelope, std::string_view what,
    const std::vector<PublicKey>& keys);

// The envelope of a statement, signed.
absl::StatusOr<std::string> SignStatement(std::string_view statement,
                                          Signer& signer);

// The statement that a signer approves what `approval` says.
std::string WriteApproval(const registry::Approval& approval);

// Whether `statement` approves exactly `wanted`, whose sequence and entry are
// not looked at: those of the statement must be among the first `size` entries
// of `ledger`, and none of these since may have changed the alias or the
// artifact.
//
// Errors: kFailedPrecondition with what does not fit and both values.
absl::Status CheckApproval(const SignedStatement& statement,
                           std::string_view what,
                           const registry::Approval& wanted,
                           const Ledger& ledger, uint64_t size);

// The statement that the ledger is what it is now.
std::string WriteCheckpoint(const Ledger& ledger, std::string_view at);

// Whether `ledger` continues what `envelope` was signed for, at the time `since`
// or later; at any time when that is empty.
//
// Errors: as OpenStatement; kFailedPrecondition when it is older; kDataLoss when
// the ledger is another registry's, shorter, or tells another history.
absl::Status CheckCheckpoint(std::string_view envelope,
                             const std::vector<PublicKey>& keys,
                             const Ledger& ledger, std::string_view since = "");

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_SIGNED_STATEMENT_H_
