#include "evaluator/suite_builder.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "runtime/base/error_code.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status ErrorAt(std::string_view place, std::string_view message) {
  return MakeError(ErrorCode::kInvalidEvalCases,
                   absl::StrCat(place, ": ", message));
}

void AppendPath(std::string* out, const CaseFile& file) {
  out->append(file.path);
}

// Collects cases and where each id was defined.
class Collector {
 public:
  absl::Status AddFile(const CaseFile& file) {
    size_t line_number = 0;
    for (std::string_view line : absl::StrSplit(file.contents, '\n')) {
      ++line_number;
      if (absl::StripAsciiWhitespace(line).empty()) continue;
      PEDIGREE_RETURN_IF_ERROR(
          AddLine(line, absl::StrCat(file.path, ":", line_number)));
    }
    return absl::OkStatus();
  }

  std::vector<EvalCase> TakeCases() { return std::move(cases_); }

 private:
  absl::Status AddLine(std::string_view line, const std::string& place) {
    const absl::StatusOr<Json> json = ParseJson(line, "eval case");
    if (!json.ok()) return ErrorAt(place, json.status().message());
    absl::StatusOr<EvalCase> eval_case = ParseEvalCase(*json);
    if (!eval_case.ok()) return ErrorAt(place, eval_case.status().message());
    const auto [first, inserted] = places_.emplace(eval_case->id, place);
    if (!inserted) {
      return ErrorAt(place, absl::StrCat("Invalid eval case: id \"",
                                         eval_case->id, "\" is taken by ",
                                         first->second));
    }
    cases_.push_back(*std::move(eval_case));
    return absl::OkStatus();
  }

  std::vector<EvalCase> cases_;
  std::map<std::string, std::string> places_;
};

}  // namespace

absl::StatusOr<Suite> BuildSuite(std::string_view name,
                                 std::string_view version,
                                 const std::vector<CaseFile>& files) {
  Collector collector;
  for (const CaseFile& file : files) {
    PEDIGREE_RETURN_IF_ERROR(collector.AddFile(file));
  }
  absl::StatusOr<Suite> suite =
      MakeSuite(name, version, collector.TakeCases());
  if (suite.ok()) return suite;
  return ErrorAt(absl::StrJoin(files, ", ", AppendPath),
                 suite.status().message());
}

absl::StatusOr<Suite> ParseFrozenSuite(std::string_view text) {
  const absl::StatusOr<Json> json = ParseJson(text, "suite");
  if (!json.ok()) {
    return MakeError(ErrorCode::kInvalidEvalCases, json.status().message());
  }
  PEDIGREE_ASSIGN_OR_RETURN(Suite suite, ParseSuite(*json));
  if (CanonicalJson(SuiteToJson(suite)) != text) {
    return MakeError(ErrorCode::kInvalidEvalCases,
                     "Invalid suite: not in canonical form");
  }
  return suite;
}

}  // namespace pedigree
