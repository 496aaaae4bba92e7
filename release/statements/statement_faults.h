// Whether a statement is about a packet and says what the packet gives.
// Specification: docs/formats/claims.md, "Verification", step 3.

#ifndef PEDIGREE_RELEASE_STATEMENTS_STATEMENT_FAULTS_H_
#define PEDIGREE_RELEASE_STATEMENTS_STATEMENT_FAULTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/statements/statement.h"
#include "release/statements/statement_parts.h"

namespace pedigree {

// What is wrong with `statement` as one about the packet of `parts`: nothing, or
// "Invalid <what>: ..." and "Altered <what>: ...". Provenance may name the
// source's commit first.
//
// Errors: those of MakeStatement.
absl::StatusOr<std::vector<std::string>> FindStatementFaults(
    const Statement& statement, const StatementParts& parts,
    std::string_view what);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_STATEMENTS_STATEMENT_FAULTS_H_
