// A decision as text for people.

#ifndef PEDIGREE_EVALUATOR_REPORT_H_
#define PEDIGREE_EVALUATOR_REPORT_H_

#include <string>
#include <vector>

#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"

namespace pedigree {

// The verdict, each suite's figures, every reason, and (from those of
// `sidecars` and `baselines` that are at hand) every case that failed or that
// differs from its baseline. Long texts are cut. Ends with a line break.
std::string DecisionReport(const evaluator::Decision& decision,
                           const std::vector<Evidence>& sidecars,
                           const std::vector<Evidence>& baselines);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_REPORT_H_
