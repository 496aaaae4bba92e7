// A lineage as one page to look at.

#ifndef PEDIGREE_RELEASE_LINEAGE_LINEAGE_PAGE_H_
#define PEDIGREE_RELEASE_LINEAGE_LINEAGE_PAGE_H_

#include <string>
#include <string_view>

#include "release/lineage/lineage_graph.h"

namespace pedigree {

// An HTML document that needs no other file and loads none: its policy allows
// its own style and script by their digests and nothing else. The graph is
// drawn; the script only adds looking around. Equal graphs give equal bytes.
std::string LineageToHtml(const LineageGraph& graph);

// Text as it may stand in HTML, in an element or a quoted attribute.
std::string EscapeHtml(std::string_view text);

// JSON as it may stand in a script element.
std::string EscapeForScript(std::string_view json);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_LINEAGE_LINEAGE_PAGE_H_
