// What a registry asks for when it answers 401: the WWW-Authenticate header.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_CHALLENGE_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_CHALLENGE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pedigree {

struct Challenge {
  // Lowercase: "basic", "bearer".
  std::string scheme;
  // Lowercase names; values without quotes.
  std::map<std::string, std::string> parameters;
};

// Reads one header's value, a list of challenges (RFC 9110, 11.6.1).
//
// Errors: kInvalidArgument when it is longer than 8 KiB, breaks the grammar or
// names a parameter twice.
absl::StatusOr<std::vector<Challenge>> ParseChallenges(std::string_view value);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_CHALLENGE_H_
