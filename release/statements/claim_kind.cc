#include "release/statements/claim_kind.h"

namespace pedigree {
namespace {

struct KindEntry {
  ClaimKind kind;
  std::string_view name;
  std::string_view predicate_type;
};

constexpr KindEntry kKinds[] = {
    {ClaimKind::kEval, "eval", "https://pedigree.dev/eval/v1"},
    {ClaimKind::kOms, "oms", "https://model_signing/signature/v1.0"},
    {ClaimKind::kProvenance, "provenance", "https://slsa.dev/provenance/v1"},
    {ClaimKind::kTestResult, "test-result",
     "https://in-toto.io/attestation/test-result/v0.1"},
    {ClaimKind::kVsa, "vsa", "https://slsa.dev/verification_summary/v1"},
};

const KindEntry& Entry(ClaimKind kind) {
  return kKinds[static_cast<int>(kind)];
}

}  // namespace

std::string_view ClaimName(ClaimKind kind) { return Entry(kind).name; }

std::string_view PredicateType(ClaimKind kind) {
  return Entry(kind).predicate_type;
}

std::optional<ClaimKind> ClaimOfName(std::string_view name) {
  for (const KindEntry& entry : kKinds) {
    if (entry.name == name) return entry.kind;
  }
  return std::nullopt;
}

std::optional<ClaimKind> ClaimOfPredicateType(std::string_view type) {
  for (const KindEntry& entry : kKinds) {
    if (entry.predicate_type == type) return entry.kind;
  }
  return std::nullopt;
}

}  // namespace pedigree
