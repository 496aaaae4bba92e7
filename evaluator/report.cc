#include "evaluator/report.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "evaluator/table.h"
#include "runtime/base/json.h"
#include "runtime/tokenizer/utf8.h"

namespace pedigree {
namespace {

using evaluator::CaseResult;
using evaluator::Decision;
using evaluator::Reason;
using evaluator::Sidecar;
using evaluator::SuiteResult;

constexpr size_t kMaxCellBytes = 64;

// `text` as it is, or cut at a character's end with "..." after it.
std::string Cut(std::string_view text) {
  if (text.size() <= kMaxCellBytes) return std::string(text);
  const std::string_view start = text.substr(0, kMaxCellBytes - 3);
  return absl::StrCat(start.substr(0, CompleteUtf8Prefix(start)), "...");
}

// `text` on one line, in quotes.
std::string Quote(const std::string& text) { return Cut(Json(text).dump()); }

std::string SuiteTable(const Decision& decision) {
  std::vector<TableRow> rows = {{"suite", "passed", "pass_rate", "floor",
                                 "baseline", "lost", "gained", "p_value"}};
  for (const SuiteResult& suite : decision.suites()) {
    rows.push_back({suite.suite(),
                    absl::StrCat(suite.passed(), "/", suite.cases()),
                    suite.pass_rate(), OrDash(suite.min_pass_rate()),
                    OrDash(suite.baseline_pass_rate()),
                    absl::StrCat(suite.lost()), absl::StrCat(suite.gained()),
                    OrDash(suite.p_value())});
    for (const evaluator::TagResult& tag : suite.tags()) {
      rows.push_back({absl::StrCat(suite.suite(), " #", tag.tag()),
                      absl::StrCat(tag.passed(), "/", tag.cases()),
                      OrDash(tag.pass_rate()), tag.min_pass_rate(), "-", "-",
                      "-", "-"});
    }
  }
  return rows.size() == 1 ? "" : absl::StrCat("suites\n", FormatTable(rows));
}

std::string TextTable(const Decision& decision) {
  std::vector<TableRow> rows = {{"suite", "bits_per_byte", "most", "baseline"}};
  for (const SuiteResult& suite : decision.suites()) {
    if (suite.bits_per_byte().empty()) continue;
    rows.push_back({suite.suite(), suite.bits_per_byte(),
                    OrDash(suite.max_bits_per_byte()),
                    OrDash(suite.baseline_bits_per_byte())});
  }
  return rows.size() == 1 ? "" : absl::StrCat("texts\n", FormatTable(rows));
}

// Whether `reason` compares texts of a model, which need quotes.
bool IsAboutText(const Reason& reason) {
  return reason.check() == "hard_case" || reason.check() == "lost_case" ||
         reason.check() == "expected";
}

std::string ReasonTable(const Decision& decision) {
  if (decision.reasons().empty()) return "";
  std::vector<TableRow> rows = {
      {"verdict", "suite", "case", "check", "found", "required"}};
  for (const Reason& reason : decision.reasons()) {
    const bool quote = IsAboutText(reason);
    rows.push_back({reason.verdict(), OrDash(reason.suite()),
                    OrDash(reason.case_()), reason.check(),
                    quote ? Quote(reason.found()) : reason.found(),
                    quote ? Quote(reason.required()) : reason.required()});
  }
  return absl::StrCat("reasons\n", FormatTable(rows));
}

// What a case gave, or why there is nothing; its digest where the run keeps no
// texts.
std::string Answer(const Sidecar& sidecar, const CaseResult& result) {
  const std::string& reason = result.stop_reason();
  if (reason.rfind("error:", 0) == 0 || reason.rfind("not-run:", 0) == 0) {
    return reason;
  }
  if (sidecar.run().omit_texts() && result.actual().empty()) {
    return absl::StrCat(result.actual_digest().substr(0, 15), "..");
  }
  return Quote(result.actual());
}

std::string Expected(const Sidecar& sidecar, const CaseResult& result) {
  if (sidecar.run().omit_texts() && result.expected().empty()) {
    return absl::StrCat(result.expected_digest().substr(0, 15), "..");
  }
  return Quote(result.expected());
}

std::string CaseTable(const Sidecar& sidecar, const Sidecar* baseline) {
  std::vector<TableRow> rows = {
      {"case", "expected", "got", "baseline", "verdict"}};
  for (const CaseResult& result : sidecar.cases()) {
    const CaseResult* before =
        baseline == nullptr ? nullptr : FindCase(*baseline, result.id());
    const bool changed =
        before != nullptr && before->actual_digest() != result.actual_digest();
    if (result.passed() && !changed) continue;
    rows.push_back({result.hard() ? absl::StrCat(result.id(), " (hard)")
                                  : result.id(),
                    Expected(sidecar, result), Answer(sidecar, result),
                    before == nullptr ? "-" : Answer(*baseline, *before),
                    result.passed() ? "passed" : "FAILED"});
  }
  const size_t rest = sidecar.cases_size() - (rows.size() - 1);
  const std::string heading =
      absl::StrCat("cases of ", sidecar.suite().name(), " (", rest,
                   " more pass", baseline == nullptr ? "" : ", unchanged",
                   ")\n");
  return rows.size() == 1 ? heading : absl::StrCat(heading, FormatTable(rows));
}

}  // namespace

std::string DecisionReport(const Decision& decision,
                           const std::vector<Evidence>& sidecars,
                           const std::vector<Evidence>& baselines) {
  std::string report = absl::StrCat(
      "verdict ", decision.verdict(), ", action ", decision.action(),
      ", claim ", decision.claim_level(), "\n", "subject ",
      decision.subject().assembly_digest(), "\n", "policy ",
      decision.policy().name(), " ", decision.policy().version(), " ",
      decision.policy().digest(), "\n", SuiteTable(decision),
      TextTable(decision), ReasonTable(decision));
  for (const Evidence& evidence : sidecars) {
    const std::string& name = evidence.record.suite().name();
    absl::StrAppend(&report,
                    CaseTable(evidence.record, FindSuite(baselines, name)));
  }
  return report;
}

}  // namespace pedigree
