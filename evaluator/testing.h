// Suites and sidecars for tests. The sidecars are written by the runtime's own
// code, on a model that answers from a table.

#ifndef PEDIGREE_EVALUATOR_TESTING_H_
#define PEDIGREE_EVALUATOR_TESTING_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/sidecar.h"
#include "runtime/base/json.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {

// A suite with cases of these ids; the prompt of "x" is "ask x" and its
// expected answer "say x". Cases whose id starts with "hard" are hard.
Suite MakeTestSuite(std::string_view name, const std::vector<std::string>& ids);

// The sidecar of `suite` on a model named `model`, which gives the answers
// listed (by case id) and is right about the other cases. An answer of "!" is
// the error ContextExceeded. The manifest's digest is that of "manifest".
// `members` go into the eval request besides: "run", "shard".
std::string RunTestSuite(const Suite& suite, std::string_view model,
                         const std::map<std::string, std::string>& answers,
                         const Json& members = Json::object());

// The same, read back.
Evidence TestEvidence(const Suite& suite, std::string_view model,
                      const std::map<std::string, std::string>& answers = {});

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_TESTING_H_
