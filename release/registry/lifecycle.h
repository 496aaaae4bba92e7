// The states of an artifact, and which may follow which. Specification:
// docs/formats/registry.md, "Lifecycle".

#ifndef PEDIGREE_RELEASE_REGISTRY_LIFECYCLE_H_
#define PEDIGREE_RELEASE_REGISTRY_LIFECYCLE_H_

#include <string_view>

namespace pedigree {

inline constexpr std::string_view kStates[] = {
    "draft",      "candidate", "shadow",   "canary", "champion",
    "specialist", "rejected",  "archived", "revoked"};

// Whether `state` is one of kStates.
bool IsState(std::string_view state);

// Whether `promote` may take an artifact from one state to the other: one step
// along draft, candidate, shadow, canary, then champion or specialist. A
// champion or specialist may be promoted to the same state for another alias.
bool MayPromote(std::string_view from, std::string_view to);

// Whether an artifact that reached `state` is proven deployable.
bool IsDeployable(std::string_view state);

// Whether entering `state` moves an alias.
bool MovesAlias(std::string_view state);

// Whether nothing but a rollback leads out of `state` (of archived), or nothing
// at all (of rejected and revoked).
bool IsFinal(std::string_view state);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_LIFECYCLE_H_
