// Sidecars as evidence: read strictly, and believed only as far as they agree
// with themselves.

#ifndef PEDIGREE_EVALUATOR_SIDECAR_H_
#define PEDIGREE_EVALUATOR_SIDECAR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/records.pb.h"
#include "runtime/base/json.h"

namespace pedigree {

// One checked sidecar.
struct Evidence {
  evaluator::Sidecar record;
  // SHA-256 of its bytes.
  std::string digest;
  // The member "counted", as JSON.
  Json counted;
};

// Reads a sidecar's bytes. What follows from its other members (a case's
// verdict, totals, rate, interval, boundary, assembly digest) must have the
// value that follows.
//
// Errors: kInvalidArgument with the member and both values.
absl::StatusOr<Evidence> ParseSidecar(std::string_view text);

// The result of the case of that id, or null. Cases ascend, as ParseSidecar has
// checked.
const evaluator::CaseResult* FindCase(const evaluator::Sidecar& sidecar,
                                      std::string_view id);

// The sidecar of the suite of that name, or null.
const evaluator::Sidecar* FindSuite(const std::vector<Evidence>& list,
                                    std::string_view name);

// The counted value at `path`, a member of "counted" with "." between levels;
// nothing when there is no such integer.
std::optional<uint64_t> CountedValue(const Evidence& evidence,
                                     std::string_view path);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_SIDECAR_H_
