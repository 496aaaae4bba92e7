#include "release/evidence.h"

#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/sha256.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

using evaluator::CaseResult;
using evaluator::EvalCase;
using evaluator::Sidecar;
using evaluator::Suite;
using evaluator::Totals;

class SidecarCheck {
 public:
  SidecarCheck(std::string_view what, const Sidecar& sidecar,
               const Suite& suite)
      : what_(what), sidecar_(sidecar), suite_(suite) {}

  std::vector<std::string> Check() {
    Expect("number of cases", sidecar_.cases_size(), suite_.cases_size());
    if (!faults_.empty()) return std::move(faults_);
    for (int i = 0; i < suite_.cases_size(); ++i) {
      CheckCase(sidecar_.cases(i), suite_.cases(i));
      Count(sidecar_.cases(i));
    }
    CheckTotals();
    CheckCounted();
    return std::move(faults_);
  }

 private:
  template <typename T>
  void Expect(std::string_view field, const T& found, const T& expected) {
    if (found == expected) return;
    faults_.push_back(absl::StrCat("Invalid ", what_, ": ", field, " is ",
                                   found, " (expected ", expected, ")"));
  }

  void CheckCase(const CaseResult& result, const EvalCase& eval_case) {
    const std::string place = absl::StrCat("case ", eval_case.id(), " ");
    Expect(absl::StrCat(place, "id"), result.id(), eval_case.id());
    Expect(absl::StrCat(place, "prompt_digest"), result.prompt_digest(),
           Sha256(eval_case.prompt()).ToString());
    Expect(absl::StrCat(place, "expected"),
           Sha256(result.expected()).ToString(),
           Sha256(eval_case.expected()).ToString());
    Expect(absl::StrCat(place, "hard"), result.hard(), eval_case.hard());
    const bool answered = !absl::StartsWith(result.stop_reason(), "error:");
    Expect(absl::StrCat(place, "passed"), result.passed(),
           answered && result.actual_digest() ==
                           Sha256(eval_case.expected()).ToString());
  }

  void Count(const CaseResult& result) {
    ++cases_;
    passed_ += result.passed() ? 1 : 0;
    prompt_tokens_ += result.prompt_tokens();
    generated_tokens_ += result.generated_tokens();
  }

  void CheckTotals() {
    const Totals& totals = sidecar_.totals();
    Expect("totals.cases", totals.cases(), cases_);
    Expect("totals.passed", totals.passed(), passed_);
    Expect("totals.failed", totals.failed(), cases_ - passed_);
    Expect("totals.prompt_tokens", totals.prompt_tokens(), prompt_tokens_);
    Expect("totals.generated_tokens", totals.generated_tokens(),
           generated_tokens_);
    Expect("passed", sidecar_.passed(), cases_ == passed_);
    if (cases_ == 0) return faults_.push_back(absl::StrCat(
        "Invalid ", what_, ": no case"));
    const Interval interval = WilsonInterval(passed_, cases_);
    Expect("pass_rate", sidecar_.pass_rate(), PassRate(passed_, cases_));
    Expect("interval.lower", sidecar_.interval().lower(), interval.lower);
    Expect("interval.upper", sidecar_.interval().upper(), interval.upper);
    const std::optional<std::string_view> boundary =
        QualityBoundary(sidecar_.source_kind());
    Expect("quality_boundary", sidecar_.quality_boundary(),
           std::string(boundary.value_or("none for this source_kind")));
  }

  void CheckCounted() {
    const evaluator::Counted& counted = sidecar_.counted();
    Expect("counted.assembly_digest", counted.assembly_digest(),
           sidecar_.assembly_digest());
    Expect("counted.numerics_version", counted.numerics_version(),
           sidecar_.numerics_version());
  }

  const std::string_view what_;
  const Sidecar& sidecar_;
  const Suite& suite_;
  uint64_t cases_ = 0;
  uint64_t passed_ = 0;
  uint64_t prompt_tokens_ = 0;
  uint64_t generated_tokens_ = 0;
  std::vector<std::string> faults_;
};

std::string DescribeReason(const evaluator::Reason& reason) {
  std::string line = absl::StrCat("  ", reason.verdict());
  if (!reason.suite().empty()) absl::StrAppend(&line, " ", reason.suite());
  if (!reason.case_().empty()) absl::StrAppend(&line, " ", reason.case_());
  absl::StrAppend(&line, ": ", reason.check(), " is ", reason.found(),
                  " (required ", reason.required(), ")");
  return line;
}

}  // namespace

std::vector<std::string> CheckSidecar(std::string_view what,
                                      const Sidecar& sidecar,
                                      const Suite& suite) {
  return SidecarCheck(what, sidecar, suite).Check();
}

std::vector<std::string> DescribeRefusal(const evaluator::Decision& decision) {
  if (decision.verdict() == "PASS" && decision.action() == "promote") return {};
  std::vector<std::string> lines = {
      absl::StrCat("Refused by the gate: verdict is ", decision.verdict(),
                   ", action is ", decision.action(),
                   " (expected PASS, promote)")};
  for (const evaluator::Reason& reason : decision.reasons()) {
    lines.push_back(DescribeReason(reason));
  }
  return lines;
}

}  // namespace pedigree
