#include "runtime/evaluation/suite.h"

#include <algorithm>
#include <string>
#include <utility>

#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status InvalidSuite(std::string_view message) {
  return MakeError(ErrorCode::kInvalidEvalCases, "Invalid suite: ", message);
}

absl::Status CheckCount(size_t count) {
  if (count >= 1 && count <= kMaxCases) return absl::OkStatus();
  return InvalidSuite(Concat(count, " cases (expected 1 to ", kMaxCases, ")"));
}

bool IdBefore(const EvalCase& a, const EvalCase& b) { return a.id < b.id; }
bool IdEqual(const EvalCase& a, const EvalCase& b) { return a.id == b.id; }

absl::StatusOr<std::vector<EvalCase>> ParseCases(const Json& array) {
  PEDIGREE_RETURN_IF_ERROR(CheckCount(array.size()));
  std::vector<EvalCase> cases;
  for (const Json& element : array) {
    absl::StatusOr<EvalCase> eval_case = ParseEvalCase(element);
    if (!eval_case.ok()) {
      return MakeError(ErrorCode::kInvalidEvalCases,
                       eval_case.status().message(), ", case ", cases.size());
    }
    cases.push_back(*std::move(eval_case));
  }
  return cases;
}

}  // namespace

absl::StatusOr<Suite> MakeSuite(std::string_view name, std::string_view version,
                                std::vector<EvalCase> cases) {
  PEDIGREE_RETURN_IF_ERROR(CheckName("suite", "name", name));
  PEDIGREE_RETURN_IF_ERROR(CheckName("suite", "version", version));
  PEDIGREE_RETURN_IF_ERROR(CheckCount(cases.size()));
  Sort(cases.begin(), cases.end(), IdBefore);
  const auto repeated =
      std::adjacent_find(cases.begin(), cases.end(), IdEqual);
  if (repeated != cases.end()) {
    return InvalidSuite(Concat("two cases have the id \"", repeated->id, "\""));
  }
  return Suite{std::string(name), std::string(version), std::move(cases)};
}

absl::StatusOr<Suite> ParseSuite(const Json& json) {
  JsonObjectReader reader(json, "suite");
  const std::string schema = reader.String("schema_version");
  const std::string name = reader.String("name");
  const std::string version = reader.String("version");
  const Json& array = reader.Array("cases");
  if (const absl::Status status = reader.Finish(); !status.ok()) {
    return MakeError(ErrorCode::kInvalidEvalCases, status.message());
  }
  if (schema != kSuiteSchema) {
    return InvalidSuite(Concat("\"schema_version\" is \"", schema,
                               "\" (expected \"", kSuiteSchema, "\")"));
  }
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<EvalCase> cases, ParseCases(array));
  return MakeSuite(name, version, std::move(cases));
}

Json SuiteToJson(const Suite& suite) {
  Json cases = Json::array();
  for (const EvalCase& eval_case : suite.cases) {
    cases.push_back(EvalCaseToJson(eval_case));
  }
  return Json{{"schema_version", kSuiteSchema},
              {"name", suite.name},
              {"version", suite.version},
              {"cases", std::move(cases)}};
}

Digest SuiteDigest(const Suite& suite) {
  return Sha256(CanonicalJson(SuiteToJson(suite)));
}

}  // namespace pedigree
