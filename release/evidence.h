// Whether records of the evaluator are consistent: what they derive follows
// from what they state. Specification: docs/formats/evaluation.md.

#ifndef PEDIGREE_RELEASE_EVIDENCE_H_
#define PEDIGREE_RELEASE_EVIDENCE_H_

#include <string>
#include <string_view>
#include <vector>

#include "evaluator/records.pb.h"

namespace pedigree {

// Faults of a sidecar: cases that are not exactly those of `suite`, in its
// order; a case that passed with another answer than the expected one; totals,
// pass rate, interval, quality boundary or verdict that do not follow from the
// cases; counted values about another run. `what` opens each.
std::vector<std::string> CheckSidecar(std::string_view what,
                                      const evaluator::Sidecar& sidecar,
                                      const evaluator::Suite& suite);

// Faults of a decision that does not promote: a line that says so, and the
// decision's reasons, one a line. Empty for one that promotes.
std::vector<std::string> DescribeRefusal(const evaluator::Decision& decision);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_EVIDENCE_H_
