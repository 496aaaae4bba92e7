#include "runtime/evaluation/eval_case.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/scorer.h"

namespace pedigree {
namespace {

constexpr std::string_view kThing = "eval case";

absl::Status InvalidCase(std::string_view message) {
  return MakeError(ErrorCode::kInvalidEvalCases,
                   absl::StrCat("Invalid ", kThing, ": ", message));
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("-_.+/").find(c) != std::string_view::npos;
}

absl::Status CheckLength(std::string_view what, std::string_view text,
                         size_t max_bytes) {
  if (text.size() <= max_bytes) return absl::OkStatus();
  return InvalidCase(absl::StrCat("\"", what, "\" is ", text.size(),
                                  " bytes long (at most ", max_bytes, ")"));
}

absl::StatusOr<std::vector<std::string>> ReadTags(const Json& array) {
  if (array.size() > kMaxTags) {
    return InvalidCase(absl::StrCat("\"tags\" has ", array.size(),
                                    " elements (at most ", kMaxTags, ")"));
  }
  std::vector<std::string> tags;
  for (const Json& element : array) {
    if (!element.is_string()) {
      return InvalidCase(absl::StrCat("\"tags\" holds a ", element.type_name(),
                                      " (expected string)"));
    }
    tags.push_back(element.get<std::string>());
    PEDIGREE_RETURN_IF_ERROR(CheckName(kThing, "tags", tags.back()));
  }
  std::sort(tags.begin(), tags.end());
  const auto repeated = std::adjacent_find(tags.begin(), tags.end());
  if (repeated != tags.end()) {
    return InvalidCase(absl::StrCat("tag \"", *repeated, "\" is repeated"));
  }
  return tags;
}

absl::Status CheckCase(const EvalCase& eval_case) {
  PEDIGREE_RETURN_IF_ERROR(CheckName(kThing, "id", eval_case.id));
  if (!eval_case.source_cluster.empty()) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckName(kThing, "source_cluster", eval_case.source_cluster));
  }
  PEDIGREE_RETURN_IF_ERROR(
      CheckLength("prompt", eval_case.prompt, kMaxPromptBytes));
  PEDIGREE_RETURN_IF_ERROR(
      CheckLength("expected", eval_case.expected, kMaxExpectedBytes));
  if (!FindScorer(eval_case.scorer).has_value()) {
    return InvalidCase(absl::StrCat("unknown scorer \"", eval_case.scorer,
                                    "\" (expected ", ScorerNames(), ")"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckName(std::string_view thing, std::string_view member,
                       std::string_view name) {
  const std::string prefix =
      absl::StrCat("Invalid ", thing, ": \"", member, "\" ");
  if (name.empty() || name.size() > kMaxNameBytes) {
    return MakeError(ErrorCode::kInvalidEvalCases,
                     absl::StrCat(prefix, "is ", name.size(),
                                  " bytes long (expected 1 to ", kMaxNameBytes,
                                  ")"));
  }
  const auto bad = std::find_if_not(name.begin(), name.end(), IsNameCharacter);
  if (bad == name.end()) return absl::OkStatus();
  return MakeError(
      ErrorCode::kInvalidEvalCases,
      absl::StrCat(prefix, "has byte ", static_cast<unsigned char>(*bad),
                   " at position ", bad - name.begin(),
                   " (expected letters, digits and -_.+/)"));
}

absl::StatusOr<EvalCase> ParseEvalCase(const Json& json) {
  JsonObjectReader reader(json, kThing);
  EvalCase eval_case;
  eval_case.id = reader.String("id");
  eval_case.prompt = reader.String("prompt");
  eval_case.expected = reader.String("expected");
  eval_case.max_new_tokens = static_cast<uint32_t>(
      reader.Uint("max_new_tokens", 1, kMaxNewTokens));
  if (reader.Has("scorer")) eval_case.scorer = reader.String("scorer");
  if (reader.Has("source_cluster")) {
    eval_case.source_cluster = reader.String("source_cluster");
  }
  if (reader.Has("hard")) eval_case.hard = reader.Bool("hard");
  const Json* tags = reader.Has("tags") ? &reader.Array("tags") : nullptr;
  if (const absl::Status status = reader.Finish(); !status.ok()) {
    return MakeError(ErrorCode::kInvalidEvalCases, status.message());
  }
  if (tags != nullptr) {
    PEDIGREE_ASSIGN_OR_RETURN(eval_case.tags, ReadTags(*tags));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckCase(eval_case));
  return eval_case;
}

Json EvalCaseToJson(const EvalCase& eval_case) {
  return Json{{"id", eval_case.id},
              {"prompt", eval_case.prompt},
              {"expected", eval_case.expected},
              {"max_new_tokens", eval_case.max_new_tokens},
              {"scorer", eval_case.scorer},
              {"tags", eval_case.tags},
              {"source_cluster", eval_case.source_cluster},
              {"hard", eval_case.hard}};
}

Digest EvalCaseDigest(const EvalCase& eval_case) {
  return Sha256(CanonicalJson(EvalCaseToJson(eval_case)));
}

}  // namespace pedigree
