#include "release/diff/printable.h"

namespace pedigree {

std::string Printable(std::string_view text) {
  constexpr size_t kMaxBytes = 600;
  std::string shown(text.substr(0, kMaxBytes));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

}  // namespace pedigree
