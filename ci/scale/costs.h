// What ci/scale.sh measures at each size, and the verdict on it.

#ifndef PEDIGREE_CI_SCALE_COSTS_H_
#define PEDIGREE_CI_SCALE_COSTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ci/scale/growth.h"
#include "runtime/base/json.h"

namespace pedigree {

// All costs by name: the same sizes for each.
using Costs = std::map<std::string, Growth>;

// Reads lines of a size, a cost's name and an integer: "10 no_op_ms 612". A name
// that occurs again at its size is another round.
//
// Errors: kInvalidArgument with the line; for a name that is not known, and for a
// cost that is missing at a size that others have.
absl::StatusOr<Costs> ParseCosts(std::string_view text);

// What must not be, a line each: a count, a processor time or a memory that grows
// faster than linearly, a no-op that runs an action or takes longer than
// `max_no_op_ms` in every round, and a change of one adapter that runs more actions
// than at the smallest size. Times by the clock show what else the machine did,
// too, and those of a cold server its start, so nothing is said of how they grow.
std::vector<std::string> Faults(const Costs& costs, uint64_t max_no_op_ms);

// A table in Markdown, a row a cost, of the rounds' medians.
std::string CostTable(const Costs& costs);

// All values and the faults (`pedigree.scale.v1`).
Json CostsJson(const Costs& costs, const std::vector<std::string>& faults);

// Times and memory as an SVG.
std::string CostPlot(const Costs& costs);

}  // namespace pedigree

#endif  // PEDIGREE_CI_SCALE_COSTS_H_
