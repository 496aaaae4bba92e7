// Which cases two sidecars of one suite answer differently.

#ifndef PEDIGREE_RELEASE_DIFF_CASE_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_CASE_DIFFERENCE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "release/json_difference.h"
#include "runtime/base/json.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {

// One packet's answer to a case.
struct CaseAnswer {
  // UTF-8 text; empty where the sidecar omits texts.
  std::string expected;
  std::string actual;
  bool passed = false;
  std::string stop_reason;
};

// The first token in which two texts differ, each cut by its own packet's
// tokenizer. A piece is escaped as in C; empty behind the end of the text.
struct TokenPlace {
  uint64_t index = 0;
  std::string piece_a;
  std::string piece_b;
};

struct CaseDifference {
  std::string id;
  // Absent where only the other sidecar has the case.
  std::optional<CaseAnswer> a;
  std::optional<CaseAnswer> b;
  // The first byte and token in which the actual texts differ; absent when they
  // do not, the token also where a tokenizer is missing.
  std::optional<uint64_t> first_byte;
  std::optional<TokenPlace> first_token;
  // Everything else that differs: verdict, counts, likelihoods.
  std::vector<JsonDifference> fields;
};

// More differing cases than that are counted, not kept.
inline constexpr size_t kMaxCaseDifferences = 1000;

struct CasesDifference {
  // Cases that either sidecar has.
  uint64_t cases = 0;
  uint64_t differing = 0;
  // Of cases that both have: passed only in a, and only in b.
  uint64_t lost = 0;
  uint64_t gained = 0;
  // In ascending order of id.
  std::vector<CaseDifference> kept;
};

// Compares the member "cases" of two sidecars, which ParseSidecar has accepted.
// Tokenizers may be null.
CasesDifference CompareCases(const Json& a, const Json& b,
                             const Tokenizer* tokenizer_a,
                             const Tokenizer* tokenizer_b);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_CASE_DIFFERENCE_H_
