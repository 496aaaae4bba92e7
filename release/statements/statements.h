// The statements that follow from a packet alone: canonical, unsigned, the same
// for everybody. Specification: docs/formats/claims.md, "Kinds".

#ifndef PEDIGREE_RELEASE_STATEMENTS_STATEMENTS_H_
#define PEDIGREE_RELEASE_STATEMENTS_STATEMENTS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/statements/claim_kind.h"
#include "release/statements/statement_parts.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kBuildType =
    "https://pedigree.dev/packet/v1";
inline constexpr std::string_view kBuilderId =
    "https://pedigree.dev/builder/v1";

// The name of the dependency that --source-commit adds to provenance.
inline constexpr std::string_view kSourceDependency = "source";

// OpenSSF Model Signing's digest of a folder: SHA-256 over the raw digests of
// its files in the order of their names, which it does not bind.
Digest OmsRoot(const std::map<std::string, Digest>& files);

// The statement of `kind`, one of kPacketClaims.
//
// Errors: kInvalidArgument when a record of the packet holds a digest that is
// none.
absl::StatusOr<Json> MakeStatement(ClaimKind kind, const StatementParts& parts);

// Those of kPacketClaims, as canonical JSON.
absl::StatusOr<std::map<ClaimKind, std::string>> MakeStatements(
    const StatementParts& parts);

// "eval.json" and so on.
std::string StatementFileName(ClaimKind kind);

// Adds the commit that the packet was built from to a provenance statement.
//
// Errors: kInvalidArgument for a commit that is not 40 or 64 lowercase hex
// digits.
absl::Status AddSourceCommit(std::string_view commit, Json& provenance);

// Compares the folder `directory` with the statements that the packet gives:
// one fault a file that is missing, differs or does not belong there.
absl::StatusOr<std::vector<std::string>> CheckStatements(
    const StatementParts& parts, const std::string& directory);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_STATEMENTS_STATEMENTS_H_
