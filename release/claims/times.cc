#include "release/claims/times.h"

#include "absl/strings/str_cat.h"
#include "release/printable.h"

namespace pedigree {
namespace {

constexpr char kFormat[] = "%Y-%m-%dT%H:%M:%SZ";
constexpr size_t kTextBytes = std::string_view("2027-01-31T00:00:00Z").size();

}  // namespace

std::string FormatUtc(absl::Time time) {
  return absl::FormatTime(kFormat, time, absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> ParseUtc(std::string_view text,
                                    std::string_view what) {
  absl::Time time;
  std::string error;
  // The parser passes over spaces and short fields, takes years of any length and
  // knows names for infinite times: only the text that formatting a time of four
  // digits' year gives is taken.
  if (text.size() == kTextBytes &&
      absl::ParseTime(kFormat, text, absl::UTCTimeZone(), &time, &error) &&
      time < absl::InfiniteFuture() && time > absl::InfinitePast() &&
      FormatUtc(time) == text) {
    return time;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what, ": \"", Printable(text, 40),
                   "\" (expected a time such as 2027-01-31T00:00:00Z)"));
}

}  // namespace pedigree
