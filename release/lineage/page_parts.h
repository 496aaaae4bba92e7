// Style and script of the lineage page.

#ifndef PEDIGREE_RELEASE_LINEAGE_PAGE_PARTS_H_
#define PEDIGREE_RELEASE_LINEAGE_PAGE_PARTS_H_

#include <string_view>

namespace pedigree {

extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;
// A symbol a state, each of another shape.
extern const std::string_view kPageSymbols;

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LINEAGE_PAGE_PARTS_H_
