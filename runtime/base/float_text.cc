#include "runtime/base/float_text.h"

#include <charconv>
#include <cmath>
#include <string>

namespace pedigree {

std::string FloatText(float x) {
  // Libraries differ on whether a NaN has a sign.
  if (std::isnan(x)) return "nan";
  char text[32];
  const std::to_chars_result end = std::to_chars(text, text + sizeof(text), x);
  return std::string(text, end.ptr);
}

}  // namespace pedigree
