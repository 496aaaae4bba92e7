#include "packager/decimal.h"

#include <charconv>
#include <cmath>

#include "absl/strings/charconv.h"
#include "absl/strings/str_cat.h"

namespace pedigree {

std::string FormatDecimal(float value) {
  char text[32];
  const std::to_chars_result result =
      std::to_chars(text, text + sizeof(text), value);
  return std::string(text, result.ptr);
}

absl::StatusOr<float> ParseDecimal(std::string_view text,
                                   std::string_view what) {
  float value = 0;
  const char* end = text.data() + text.size();
  const absl::from_chars_result result =
      absl::from_chars(text.data(), end, value);
  // from_chars takes "inf", "nan" and hexadecimal too.
  const bool decimal =
      text.find_first_not_of("+-.0123456789Ee") == std::string_view::npos;
  if (!decimal || result.ec != std::errc() || result.ptr != end ||
      !std::isfinite(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what, ": \"", text,
                     "\" (expected a decimal number in binary32's range)"));
  }
  return value;
}

}  // namespace pedigree
