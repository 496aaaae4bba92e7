// What an alias may be called.

#ifndef PEDIGREE_RELEASE_REGISTRY_ALIAS_NAME_H_
#define PEDIGREE_RELEASE_REGISTRY_ALIAS_NAME_H_

#include <string_view>

#include "absl/status/status.h"

namespace pedigree {

// Errors: kInvalidArgument unless `alias` has 1 to 64 characters of
// [a-z0-9._-], the first a letter or digit: so it is a safe file name.
absl::Status CheckAliasName(std::string_view alias);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REGISTRY_ALIAS_NAME_H_
