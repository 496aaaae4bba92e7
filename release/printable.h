// Texts from outside, fit for a line of output.

#ifndef PEDIGREE_RELEASE_PRINTABLE_H_
#define PEDIGREE_RELEASE_PRINTABLE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace pedigree {

// At most `max_bytes` of `text`, with "?" for all but printable ASCII.
inline std::string Printable(std::string_view text, size_t max_bytes = 600) {
  std::string shown(text.substr(0, max_bytes));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PRINTABLE_H_
