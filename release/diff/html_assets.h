// The look and the behaviour of the page that html_report writes.

#ifndef PEDIGREE_RELEASE_DIFF_HTML_ASSETS_H_
#define PEDIGREE_RELEASE_DIFF_HTML_ASSETS_H_

#include <string_view>

namespace pedigree {

// The contents of its style and its script element.
std::string_view DiffPageStyle();
std::string_view DiffPageScript();

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_HTML_ASSETS_H_
