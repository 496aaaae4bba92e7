#include "packager/storage_report.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pedigree {

std::string StorageReport(const packager::Receipt& receipt) {
  if (receipt.storage_errors().empty()) {
    return "No tensor was quantised: every value is exact.\n";
  }
  size_t width = sizeof("tensor") - 1;
  for (const packager::StorageErrorNote& note : receipt.storage_errors()) {
    width = std::max(width, note.tensor().size());
  }
  std::string report =
      absl::StrFormat("%-*s  stored  %14s  %14s\n", static_cast<int>(width),
                      "tensor", "relative error", "largest error");
  for (const packager::StorageErrorNote& note : receipt.storage_errors()) {
    absl::StrAppendFormat(&report, "%-*s  %-6s  %14s  %14s\n",
                          static_cast<int>(width), note.tensor(),
                          note.stored(), note.relative_error(),
                          note.largest_error());
  }
  for (const packager::StorageNote& note : receipt.storage_notes()) {
    absl::StrAppend(&report, note.tensor(), " is ", note.stored(), ", not ",
                    note.asked(), ": ", note.reason(), "\n");
  }
  return report;
}

}  // namespace pedigree
