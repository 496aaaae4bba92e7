// Case files in, one frozen suite out. Specification:
// docs/formats/evaluation.md, "Case files".

#ifndef PEDIGREE_EVALUATOR_SUITE_BUILDER_H_
#define PEDIGREE_EVALUATOR_SUITE_BUILDER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {

// The bytes of one JSON Lines file and its name in errors.
struct CaseFile {
  std::string path;
  std::string contents;
};

// Reads all cases of `files`. Lines of white space only are skipped.
//
// Errors: code InvalidEvalCases, "<path>:<line>: ...", lines from 1.
absl::StatusOr<Suite> BuildSuite(std::string_view name,
                                 std::string_view version,
                                 const std::vector<CaseFile>& files);

// Reads a frozen suite's bytes.
//
// Errors: those of ParseSuite, and code InvalidEvalCases when the bytes are not
// the canonical document.
absl::StatusOr<Suite> ParseFrozenSuite(std::string_view text);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_SUITE_BUILDER_H_
