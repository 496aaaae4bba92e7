// One eval case: a prompt, what the model must answer, and how the answer is
// judged. Specification: docs/formats/evaluation.md.

#ifndef PEDIGREE_RUNTIME_EVALUATION_EVAL_CASE_H_
#define PEDIGREE_RUNTIME_EVALUATION_EVAL_CASE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"

namespace pedigree {

// The scorer of a case that names none.
inline constexpr std::string_view kExactMatchScorer = "exact-match";

// Limits of one case. The longest answer is the output cap of generation.
inline constexpr size_t kMaxNameBytes = 128;
inline constexpr size_t kMaxPromptBytes = 64 << 10;
inline constexpr size_t kMaxExpectedBytes = 64 << 10;
inline constexpr uint32_t kMaxNewTokens = 4096;
inline constexpr size_t kMaxTags = 16;
inline constexpr size_t kMaxChoices = 64;
inline constexpr size_t kMaxStopStrings = 16;
inline constexpr size_t kMaxStopBytes = 256;

// One case. Strings are valid UTF-8.
struct EvalCase {
  std::string id;
  std::string prompt;
  // What the scorer looks for: a text, the right one of `choices`, or the most
  // bits per byte.
  std::string expected;
  // 0 for scorers that do not generate.
  uint32_t max_new_tokens = 0;
  std::string scorer = std::string(kExactMatchScorer);
  // For choice: texts that may stand behind the prompt, no two equal.
  std::vector<std::string> choices;
  // For scorers that generate: the output ends before the first of them.
  std::vector<std::string> stop;  // sorted, no two equal
  std::vector<std::string> tags;  // sorted, no two equal
  // Names the text that several cases were made from; empty when there is none.
  std::string source_cluster;
  // Must pass whatever the suite's score.
  bool hard = false;
};

// Reads a case. "id", "prompt" and "expected" are required, and as the scorer
// needs them "max_new_tokens" or "choices"; the others default to the values
// above.
//
// Errors: code InvalidEvalCases with the member, what was found and what is
// allowed.
absl::StatusOr<EvalCase> ParseEvalCase(const Json& json);

// The canonical form: every member, tags sorted.
Json EvalCaseToJson(const EvalCase& eval_case);

// SHA-256 of the canonical form.
Digest EvalCaseDigest(const EvalCase& eval_case);

// Whether `name` may name a suite, version, case, tag or cluster: 1 to
// kMaxNameBytes letters, digits and "-_.+/". So names need no escaping in
// tables, locks and command lines.
//
// Errors: code InvalidEvalCases, "Invalid <thing>: "<member>" ...".
absl::Status CheckName(std::string_view thing, std::string_view member,
                       std::string_view name);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_EVALUATION_EVAL_CASE_H_
