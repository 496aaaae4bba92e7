#include "evaluator/report.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
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

using Row = std::vector<std::string>;

// `text` as it is, or cut at a character's end with "..." after it.
std::string Cut(std::string_view text) {
  if (text.size() <= kMaxCellBytes) return std::string(text);
  const std::string_view start = text.substr(0, kMaxCellBytes - 3);
  return absl::StrCat(start.substr(0, CompleteUtf8Prefix(start)), "...");
}

// `text` on one line, in quotes.
std::string Quote(const std::string& text) { return Cut(Json(text).dump()); }

// Rows as columns two blanks apart; the first row is the heading.
std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&line, "  ", row[i],
                      std::string(widths[i] - row[i].size(), ' '));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

// An empty cell would shift the eye to the wrong column.
std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string SuiteTable(const Decision& decision) {
  std::vector<Row> rows = {{"suite", "passed", "pass_rate", "floor", "baseline",
                            "lost", "gained", "p_value"}};
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
  return rows.size() == 1 ? "" : absl::StrCat("suites\n", Table(rows));
}

// Whether `reason` compares texts of a model, which need quotes.
bool IsAboutText(const Reason& reason) {
  return reason.check() == "hard_case" || reason.check() == "lost_case" ||
         reason.check() == "expected";
}

std::string ReasonTable(const Decision& decision) {
  if (decision.reasons().empty()) return "";
  std::vector<Row> rows = {
      {"verdict", "suite", "case", "check", "found", "required"}};
  for (const Reason& reason : decision.reasons()) {
    const bool quote = IsAboutText(reason);
    rows.push_back({reason.verdict(), OrDash(reason.suite()),
                    OrDash(reason.case_()), reason.check(),
                    quote ? Quote(reason.found()) : reason.found(),
                    quote ? Quote(reason.required()) : reason.required()});
  }
  return absl::StrCat("reasons\n", Table(rows));
}

const CaseResult* FindCase(const Sidecar& sidecar, const std::string& id) {
  const auto found =
      std::find_if(sidecar.cases().begin(), sidecar.cases().end(),
                   [&](const CaseResult& result) { return result.id() == id; });
  return found == sidecar.cases().end() ? nullptr : &*found;
}

const Sidecar* FindSuite(const std::vector<Evidence>& list,
                         const std::string& name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Evidence& evidence) {
        return evidence.record.suite().name() == name;
      });
  return found == list.end() ? nullptr : &found->record;
}

std::string Answer(const CaseResult& result) {
  return result.stop_reason().rfind("error:", 0) == 0 ? result.stop_reason()
                                                      : Quote(result.actual());
}

std::string CaseTable(const Sidecar& sidecar, const Sidecar* baseline) {
  std::vector<Row> rows = {{"case", "expected", "got", "baseline", "verdict"}};
  for (const CaseResult& result : sidecar.cases()) {
    const CaseResult* before =
        baseline == nullptr ? nullptr : FindCase(*baseline, result.id());
    const bool changed =
        before != nullptr && before->actual_digest() != result.actual_digest();
    if (result.passed() && !changed) continue;
    rows.push_back({result.hard() ? absl::StrCat(result.id(), " (hard)")
                                  : result.id(),
                    Quote(result.expected()), Answer(result),
                    before == nullptr ? "-" : Answer(*before),
                    result.passed() ? "passed" : "FAILED"});
  }
  const size_t rest = sidecar.cases_size() - (rows.size() - 1);
  const std::string heading =
      absl::StrCat("cases of ", sidecar.suite().name(), " (", rest,
                   " more pass", baseline == nullptr ? "" : ", unchanged",
                   ")\n");
  return rows.size() == 1 ? heading : absl::StrCat(heading, Table(rows));
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
      ReasonTable(decision));
  for (const Evidence& evidence : sidecars) {
    const std::string& name = evidence.record.suite().name();
    absl::StrAppend(&report,
                    CaseTable(evidence.record, FindSuite(baselines, name)));
  }
  return report;
}

}  // namespace pedigree
