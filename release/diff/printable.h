// Texts from packets, made safe to print.

#ifndef PEDIGREE_RELEASE_DIFF_PRINTABLE_H_
#define PEDIGREE_RELEASE_DIFF_PRINTABLE_H_

#include <string>
#include <string_view>

namespace pedigree {

// `text` with "?" for every byte that is no printable ASCII, cut at 600 bytes.
std::string Printable(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_PRINTABLE_H_
