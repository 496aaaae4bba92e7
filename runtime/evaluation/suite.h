// A frozen suite: named, versioned cases in one canonical document, whose
// SHA-256 is the suite's identity. Specification: docs/formats/evaluation.md.

#ifndef PEDIGREE_RUNTIME_EVALUATION_SUITE_H_
#define PEDIGREE_RUNTIME_EVALUATION_SUITE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/eval_case.h"

namespace pedigree {

inline constexpr std::string_view kSuiteSchema = "pedigree.suite.v1";

// Limits of one suite.
inline constexpr size_t kMaxCases = 100000;
inline constexpr size_t kMaxSuiteBytes = 256 << 20;

// A checked suite: at least one case, in ascending order of id (by bytes), no
// two of one id. So the files and lines that cases came from are not part of
// its identity.
struct Suite {
  std::string name;
  std::string version;
  std::vector<EvalCase> cases;
};

// Sorts and checks `cases`.
//
// Errors: code InvalidEvalCases.
absl::StatusOr<Suite> MakeSuite(std::string_view name, std::string_view version,
                                std::vector<EvalCase> cases);

// Reads a suite document, canonical or hand-written (any order of cases,
// optional members left out).
//
// Errors: code InvalidEvalCases; says which case by its position in the file,
// from 0.
absl::StatusOr<Suite> ParseSuite(const Json& json);

// The canonical document.
Json SuiteToJson(const Suite& suite);

// SHA-256 of the canonical document.
Digest SuiteDigest(const Suite& suite);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_SUITE_H_
