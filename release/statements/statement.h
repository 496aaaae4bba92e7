// One in-toto Statement v1, as anybody may have written it.
// Specification: docs/formats/claims.md, "Statements".

#ifndef PEDIGREE_RELEASE_STATEMENTS_STATEMENT_H_
#define PEDIGREE_RELEASE_STATEMENTS_STATEMENT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "release/statements/claim_kind.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

inline constexpr std::string_view kStatementType =
    "https://in-toto.io/Statement/v1";
// What a packet's manifest is called among subjects. They match by digest only.
inline constexpr std::string_view kPacketSubject = "packet";

inline constexpr size_t kMaxSubjects = 4096;
inline constexpr size_t kMaxStatementBytes = size_t{16} << 20;

struct Statement {
  ClaimKind kind = ClaimKind::kEval;
  // SHA-256 of each subject.
  std::vector<Digest> subjects;
  // All of it.
  Json json;
};

// Reads a statement whose predicate type is a kind of claim. Members that
// nothing here knows are ignored.
//
// `what` names the text in errors. Errors: kInvalidArgument;
// kUnimplemented for another predicate type.
absl::StatusOr<Statement> ParseStatement(std::string_view text,
                                         std::string_view what);

// Where `found` lacks something that `expected` says: the place and both values
// ("predicate.result is \"FAILED\" (expected \"PASSED\")"). What `found` says
// beyond that, in objects, is ignored; lists must be equally long.
std::optional<std::string> FindDisagreement(const Json& found,
                                            const Json& expected);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_STATEMENTS_STATEMENT_H_
