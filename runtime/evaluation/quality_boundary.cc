#include "runtime/evaluation/quality_boundary.h"

#include <iterator>
#include <string>

namespace pedigree {
namespace {

struct SourceKind {
  std::string_view name;
  std::string_view boundary;
};

constexpr SourceKind kSourceKinds[] = {
    {"deterministic-smoke", "runtime-smoke"},
    {"converted-trained", "converted-trained"},
};

constexpr std::string_view kLadder[] = {"structural", "runtime-smoke",
                                        "converted-trained",
                                        "assistant-quality", "product-release"};

}  // namespace

std::optional<std::string_view> QualityBoundary(std::string_view source_kind) {
  for (const SourceKind& kind : kSourceKinds) {
    if (kind.name == source_kind) return kind.boundary;
  }
  return std::nullopt;
}

std::string SourceKindNames() {
  std::string names;
  for (const SourceKind& kind : kSourceKinds) {
    if (!names.empty()) names += " or ";
    names += '"';
    names += kind.name;
    names += '"';
  }
  return names;
}

std::optional<int> ClaimRank(std::string_view claim) {
  for (size_t rank = 0; rank < std::size(kLadder); ++rank) {
    if (kLadder[rank] == claim) return static_cast<int>(rank);
  }
  return std::nullopt;
}

}  // namespace pedigree
