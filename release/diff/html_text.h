// Texts from packets as parts of an HTML page.

#ifndef PEDIGREE_RELEASE_DIFF_HTML_TEXT_H_
#define PEDIGREE_RELEASE_DIFF_HTML_TEXT_H_

#include <string>
#include <string_view>

namespace pedigree {

// `text`, UTF-8, for an element or a quoted attribute. Characters that steer a
// terminal or the direction of writing, or that cannot be seen, become visible:
// "<i>U+202E</i>" in an element, "[U+202E]" in an attribute. Line feeds and
// tabs stay.
std::string HtmlText(std::string_view text);
std::string HtmlAttribute(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_HTML_TEXT_H_
