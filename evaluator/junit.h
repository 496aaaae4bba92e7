// A decision in the XML that CI systems read as test results.

#ifndef PEDIGREE_EVALUATOR_JUNIT_H_
#define PEDIGREE_EVALUATOR_JUNIT_H_

#include <string>
#include <string_view>
#include <vector>

#include "evaluator/records.pb.h"
#include "evaluator/sidecar.h"

namespace pedigree {

// JUnit XML: a test suite for the gate, whose test cases are the verdict (which
// fails unless it is `expected`) and every reason that is not about one case;
// and one for each of `sidecars`, whose test cases are the cases.
//
// What the gate was expected to find is no failure of the test: where the
// verdict is `expected`, reasons and failed cases are "skipped" with a message,
// and so are at any time failed cases that no reason names, which the policy
// allows. Depends on its arguments only, so it tells no time.
std::string JunitReport(const evaluator::Decision& decision,
                        const std::vector<Evidence>& sidecars,
                        const std::vector<Evidence>& baselines,
                        std::string_view expected);

// `text`, UTF-8, as the value of an XML 1.0 attribute: markup and white space
// but blanks become references, characters that XML has no way to write U+FFFD.
std::string XmlAttribute(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_JUNIT_H_
