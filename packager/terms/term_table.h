// The scales that terms lie on and what known licences ask, as data.
// docs/formats/lineage.md, "Terms", shows both.

#ifndef PEDIGREE_PACKAGER_TERMS_TERM_TABLE_H_
#define PEDIGREE_PACKAGER_TERMS_TERM_TABLE_H_

#include <cstddef>
#include <string_view>

#include "absl/types/span.h"

namespace pedigree {

inline constexpr size_t kMaxLevels = 4;

// Levels from the least strict to the strictest; unused ones are empty.
struct TermScale {
  std::string_view name;
  std::string_view levels[kMaxLevels];
};

// The scales in the order of records.
absl::Span<const TermScale> TermScales();

// A level that a licence asks for.
struct LicenseTerm {
  std::string_view license;  // SPDX identifier
  std::string_view scale;
  std::string_view level;
};

absl::Span<const LicenseTerm> LicenseTerms();

// Licences that ask for nothing.
absl::Span<const std::string_view> FreeLicenses();

// Of share-alike licences: what is under `from` may be passed on under `to`.
struct LicenseStep {
  std::string_view from;
  std::string_view to;
};

absl::Span<const LicenseStep> LicenseSteps();

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TERMS_TERM_TABLE_H_
