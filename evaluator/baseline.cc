#include "evaluator/baseline.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "evaluator/sidecar.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

using evaluator::CaseResult;
using evaluator::Sidecar;

constexpr std::string_view kNoCases = "\"cases\":[]";

absl::Status CheckLine(std::string_view line, size_t number) {
  const absl::StatusOr<Json> json = ParseJson(line, "baseline");
  if (json.ok() && json->is_object()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid baseline: line ", number, " is ",
                   json.ok() ? "no object" : json.status().message()));
}

void CompareText(std::string_view what, std::string_view before,
                 std::string_view after, std::string& text) {
  if (before == after) return;
  absl::StrAppend(&text, what, ": ", before, " -> ", after, "\n");
}

void CompareCases(const Sidecar& before, const Sidecar& after,
                  std::string& text) {
  for (const CaseResult& now : after.cases()) {
    const CaseResult* then = FindCase(before, now.id());
    if (then == nullptr) {
      absl::StrAppend(&text, "added case ", now.id(), ", which ",
                      now.passed() ? "passes" : "fails", "\n");
    } else if (then->passed() != now.passed()) {
      absl::StrAppend(&text, now.passed() ? "gained" : "lost", " case ",
                      now.id(), "\n");
    }
  }
  for (const CaseResult& then : before.cases()) {
    if (FindCase(after, then.id()) != nullptr) continue;
    absl::StrAppend(&text, "removed case ", then.id(), "\n");
  }
}

}  // namespace

std::string StoredBaseline(std::string_view sidecar) {
  absl::StatusOr<Json> json = ParseJson(sidecar, "sidecar");
  PEDIGREE_CHECK(json.ok());
  const Json cases = std::move((*json)["cases"]);
  (*json)["cases"] = Json::array();
  std::string text = absl::StrCat(CanonicalJson(*json), "\n");
  for (const Json& result : cases) {
    absl::StrAppend(&text, CanonicalJson(result), "\n");
  }
  return text;
}

absl::StatusOr<Evidence> ParseBaseline(std::string_view text) {
  // A sidecar has no line breaks.
  if (text.find('\n') == text.npos) return ParseSidecar(text);
  const std::vector<std::string_view> lines =
      absl::StrSplit(absl::StripSuffix(text, "\n"), '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(CheckLine(lines[i], i + 1));
  }
  const size_t place = lines[0].find(kNoCases);
  if (place == lines[0].npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid baseline: line 1 has no ", kNoCases,
        " (expected a sidecar without its cases, and a line for each)"));
  }
  // Lines are as they stand in the sidecar, whose reader is strict.
  const size_t behind = place + kNoCases.size() - 1;
  return ParseSidecar(absl::StrCat(
      lines[0].substr(0, behind),
      absl::StrJoin(lines.begin() + 1, lines.end(), ","),
      lines[0].substr(behind)));
}

std::string DescribeBaselineChange(const Evidence& before,
                                   const Evidence& after) {
  if (before.digest == after.digest) return "unchanged\n";
  const Sidecar& then = before.record;
  const Sidecar& now = after.record;
  std::string text;
  CompareText("suite", then.suite().name(), now.suite().name(), text);
  CompareText("suite digest", then.suite().digest(), now.suite().digest(),
              text);
  CompareText("assembly", then.assembly_digest(), now.assembly_digest(), text);
  CompareText("numerics", then.numerics_version(), now.numerics_version(),
              text);
  CompareText("pass rate", then.pass_rate(), now.pass_rate(), text);
  CompareText("bits per byte", then.totals().bits_per_byte(),
              now.totals().bits_per_byte(), text);
  CompareCases(then, now, text);
  return text.empty() ? "outputs changed, no verdict did\n" : text;
}

}  // namespace pedigree
