// The kinds of claims that are made about a packet.
// Specification: docs/formats/claims.md, "Kinds".

#ifndef PEDIGREE_RELEASE_STATEMENTS_CLAIM_KIND_H_
#define PEDIGREE_RELEASE_STATEMENTS_CLAIM_KIND_H_

#include <optional>
#include <string_view>

namespace pedigree {

// In ascending order of name.
enum class ClaimKind { kEval, kOms, kProvenance, kTestResult, kVsa };

// Those that follow from a packet alone and that its record expects. An
// auditor's summary (kVsa) is made later, by somebody else.
inline constexpr ClaimKind kPacketClaims[] = {
    ClaimKind::kEval, ClaimKind::kOms, ClaimKind::kProvenance,
    ClaimKind::kTestResult};

// "eval", "oms", "provenance", "test-result", "vsa".
std::string_view ClaimName(ClaimKind kind);

// The in-toto predicate type, which never changes.
std::string_view PredicateType(ClaimKind kind);

std::optional<ClaimKind> ClaimOfName(std::string_view name);
std::optional<ClaimKind> ClaimOfPredicateType(std::string_view type);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_STATEMENTS_CLAIM_KIND_H_
