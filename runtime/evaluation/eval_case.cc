#include "runtime/evaluation/eval_case.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

constexpr std::string_view kThing = "eval case";

absl::Status InvalidCase(std::string_view message) {
  return MakeError(ErrorCode::kInvalidEvalCases, "Invalid ", kThing, ": ",
                   message);
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("-_.+/").find(c) != std::string_view::npos;
}

absl::Status CheckLength(std::string_view what, std::string_view text,
                         size_t max_bytes) {
  if (text.size() <= max_bytes) return absl::OkStatus();
  return InvalidCase(Concat("\"", what, "\" is ", text.size(),
                            " bytes long (at most ", max_bytes, ")"));
}

// A list of at most `max_count` strings.
absl::StatusOr<std::vector<std::string>> ReadStrings(std::string_view member,
                                                     const Json& array,
                                                     size_t max_count) {
  if (array.size() > max_count) {
    return InvalidCase(Concat("\"", member, "\" has ", array.size(),
                              " elements (at most ", max_count, ")"));
  }
  std::vector<std::string> strings;
  for (const Json& element : array) {
    if (!element.is_string()) {
      return InvalidCase(Concat("\"", member, "\" holds a ",
                                element.type_name(), " (expected string)"));
    }
    strings.push_back(element.get<std::string>());
  }
  return strings;
}

absl::Status CheckDistinct(std::string_view what,
                           std::vector<std::string> strings) {
  Sort(strings.begin(), strings.end());
  const auto repeated = std::adjacent_find(strings.begin(), strings.end());
  if (repeated == strings.end()) return absl::OkStatus();
  return InvalidCase(Concat(what, " \"", *repeated, "\" is repeated"));
}

absl::Status CheckChoices(const EvalCase& eval_case) {
  if (!IsChoice(*FindScorer(eval_case.scorer))) {
    if (eval_case.choices.empty()) return absl::OkStatus();
    return InvalidCase(Concat("\"choices\" with scorer \"", eval_case.scorer,
                              "\" (expected none)"));
  }
  if (eval_case.choices.size() < 2) {
    return InvalidCase(Concat("\"choices\" has ", eval_case.choices.size(),
                              " elements (expected 2 to ", kMaxChoices, ")"));
  }
  size_t right = 0;
  for (const std::string& choice : eval_case.choices) {
    if (choice.empty()) return InvalidCase("a choice is empty");
    PEDIGREE_RETURN_IF_ERROR(
        CheckLength("choices", choice, kMaxExpectedBytes));
    right += choice == eval_case.expected ? 1 : 0;
  }
  PEDIGREE_RETURN_IF_ERROR(CheckDistinct("choice", eval_case.choices));
  if (right == 1) return absl::OkStatus();
  return InvalidCase("\"expected\" is not one of \"choices\"");
}

absl::Status CheckStop(const EvalCase& eval_case) {
  if (!eval_case.stop.empty() && !Generates(*FindScorer(eval_case.scorer))) {
    return InvalidCase(Concat("\"stop\" with scorer \"", eval_case.scorer,
                              "\" (expected none)"));
  }
  for (const std::string& stop : eval_case.stop) {
    if (stop.empty()) return InvalidCase("a stop string is empty");
    PEDIGREE_RETURN_IF_ERROR(CheckLength("stop", stop, kMaxStopBytes));
  }
  return CheckDistinct("stop string", eval_case.stop);
}

absl::Status CheckBitsPerByte(const EvalCase& eval_case) {
  if (*FindScorer(eval_case.scorer) != Scorer::kBitsPerByte ||
      ParseMillionths(eval_case.expected).has_value()) {
    return absl::OkStatus();
  }
  return InvalidCase(Concat(
      "\"expected\" is \"", eval_case.expected.substr(0, 40),
      "\" (expected the most bits per byte that pass, a decimal with at most 6 "
      "digits after the point)"));
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
    return InvalidCase(Concat("unknown scorer \"", eval_case.scorer,
                              "\" (expected ", ScorerNames(), ")"));
  }
  for (const std::string& tag : eval_case.tags) {
    PEDIGREE_RETURN_IF_ERROR(CheckName(kThing, "tags", tag));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckDistinct("tag", eval_case.tags));
  PEDIGREE_RETURN_IF_ERROR(CheckChoices(eval_case));
  PEDIGREE_RETURN_IF_ERROR(CheckStop(eval_case));
  return CheckBitsPerByte(eval_case);
}

}  // namespace

absl::Status CheckName(std::string_view thing, std::string_view member,
                       std::string_view name) {
  const std::string prefix = Concat("Invalid ", thing, ": \"", member, "\" ");
  if (name.empty() || name.size() > kMaxNameBytes) {
    return MakeError(ErrorCode::kInvalidEvalCases, prefix, "is ", name.size(),
                     " bytes long (expected 1 to ", kMaxNameBytes, ")");
  }
  const auto bad = std::find_if_not(name.begin(), name.end(), IsNameCharacter);
  if (bad == name.end()) return absl::OkStatus();
  return MakeError(ErrorCode::kInvalidEvalCases, prefix, "has byte ",
                   static_cast<unsigned char>(*bad), " at position ",
                   bad - name.begin(), " (expected letters, digits and -_.+/)");
}

absl::StatusOr<EvalCase> ParseEvalCase(const Json& json) {
  JsonObjectReader reader(json, kThing);
  EvalCase eval_case;
  eval_case.id = reader.String("id");
  eval_case.prompt = reader.String("prompt");
  eval_case.expected = reader.String("expected");
  if (reader.Has("scorer")) eval_case.scorer = reader.String("scorer");
  // An unknown scorer is refused below; until then it is one that generates.
  const bool generates =
      Generates(FindScorer(eval_case.scorer).value_or(Scorer::kExactMatch));
  if (generates || reader.Has("max_new_tokens")) {
    eval_case.max_new_tokens = static_cast<uint32_t>(reader.Uint(
        "max_new_tokens", generates ? 1 : 0, generates ? kMaxNewTokens : 0));
  }
  if (reader.Has("source_cluster")) {
    eval_case.source_cluster = reader.String("source_cluster");
  }
  if (reader.Has("hard")) eval_case.hard = reader.Bool("hard");
  const auto array = [&](const char* member) {
    return reader.Has(member) ? &reader.Array(member) : nullptr;
  };
  const Json* tags = array("tags");
  const Json* choices = array("choices");
  const Json* stop = array("stop");
  if (const absl::Status status = reader.Finish(); !status.ok()) {
    return MakeError(ErrorCode::kInvalidEvalCases, status.message());
  }
  if (tags != nullptr) {
    PEDIGREE_ASSIGN_OR_RETURN(eval_case.tags,
                              ReadStrings("tags", *tags, kMaxTags));
    Sort(eval_case.tags.begin(), eval_case.tags.end());
  }
  if (choices != nullptr) {
    PEDIGREE_ASSIGN_OR_RETURN(eval_case.choices,
                              ReadStrings("choices", *choices, kMaxChoices));
  }
  if (stop != nullptr) {
    PEDIGREE_ASSIGN_OR_RETURN(eval_case.stop,
                              ReadStrings("stop", *stop, kMaxStopStrings));
    Sort(eval_case.stop.begin(), eval_case.stop.end());
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
              {"choices", eval_case.choices},
              {"stop", eval_case.stop},
              {"tags", eval_case.tags},
              {"source_cluster", eval_case.source_cluster},
              {"hard", eval_case.hard}};
}

Digest EvalCaseDigest(const EvalCase& eval_case) {
  return Sha256(CanonicalJson(EvalCaseToJson(eval_case)));
}

}  // namespace pedigree
