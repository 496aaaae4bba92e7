#include "release/registry/alias_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "release/printable.h"

namespace pedigree {

absl::Status CheckAliasName(std::string_view alias) {
  const bool good =
      !alias.empty() && alias.size() <= 64 &&
      alias[0] != '.' && alias[0] != '_' && alias[0] != '-' &&
      std::all_of(alias.begin(), alias.end(), [](char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' ||
               c == '_' || c == '-';
      });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid alias: \"", Printable(alias, 80),
      "\" (expected 1 to 64 of [a-z0-9._-], a letter or digit first)"));
}

}  // namespace pedigree
