#include "runtime/tensor/float_text.h"

#include <charconv>
#include <string>

namespace pedigree {

std::string FloatText(float x) {
  char text[32];
  const std::to_chars_result end = std::to_chars(text, text + sizeof(text), x);
  return std::string(text, end.ptr);
}

}  // namespace pedigree
