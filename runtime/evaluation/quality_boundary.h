// What evidence may claim. Specification: docs/formats/evaluation.md.

#ifndef PEDIGREE_RUNTIME_EVALUATION_QUALITY_BOUNDARY_H_
#define PEDIGREE_RUNTIME_EVALUATION_QUALITY_BOUNDARY_H_

#include <optional>
#include <string>
#include <string_view>

namespace pedigree {

// The strongest claim that evidence on a model of `source_kind` can bear,
// whatever its score: "runtime-smoke" for "deterministic-smoke" and
// "converted-trained" for "converted-trained". Nothing for an unknown kind.
std::optional<std::string_view> QualityBoundary(std::string_view source_kind);

// The source kinds, for messages.
std::string SourceKindNames();

// The place of `claim` on the ladder structural, runtime-smoke,
// converted-trained, assistant-quality, product-release: 0 to 4. Nothing for
// another name. A boundary bears its own claim and those before it.
std::optional<int> ClaimRank(std::string_view claim);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_QUALITY_BOUNDARY_H_
