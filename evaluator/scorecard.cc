#include "evaluator/scorecard.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "evaluator/calibration.h"
#include "evaluator/sidecar.h"
#include "evaluator/table.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

using evaluator::CaseResult;
using evaluator::Fitness;
using evaluator::Scorecard;
using evaluator::Sidecar;

constexpr std::string_view kHigher = "higher";
constexpr std::string_view kLower = "lower";
// Counted, and neither good nor bad by itself.
constexpr std::string_view kNeither = "";

// Adds the figures of one suite, or of none.
class FitnessWriter {
 public:
  FitnessWriter(std::string_view component, std::string_view suite,
                Scorecard& scorecard)
      : component_(component), suite_(suite), scorecard_(scorecard) {}

  void Add(std::string_view name, std::string_view value,
           std::string_view better, std::string_view detail = "") {
    Fitness& fitness = *scorecard_.add_fitness();
    fitness.set_component(std::string(component_));
    fitness.set_suite(std::string(suite_));
    fitness.set_name(std::string(name));
    fitness.set_value(std::string(value));
    fitness.set_better(std::string(better));
    fitness.set_detail(std::string(detail));
  }
  void Add(std::string_view name, uint64_t value, std::string_view better) {
    Add(name, absl::StrCat(value), better);
  }

 private:
  const std::string_view component_;
  const std::string_view suite_;
  Scorecard& scorecard_;
};

// `a / b`, rounded half to even to six digits; b is not 0.
std::string Ratio(uint64_t a, uint64_t b) {
  return FormatSignedMillionths(RoundHalfEven(
      static_cast<double>(a) * 1e6 / static_cast<double>(b)));
}

void AddUtility(const Sidecar& sidecar, Scorecard& scorecard) {
  FitnessWriter writer("utility", sidecar.suite().name(), scorecard);
  writer.Add("pass_rate", sidecar.pass_rate(), kHigher,
             absl::StrCat(sidecar.totals().passed(), " of ",
                          sidecar.totals().cases()));
  writer.Add("pass_rate_lower", sidecar.interval().lower(), kHigher,
             "Wilson, 95 %");
  if (sidecar.totals().not_run() > 0) {
    writer.Add("not_run", sidecar.totals().not_run(), kLower);
  }
  if (!sidecar.totals().bits_per_byte().empty()) {
    writer.Add("bits_per_byte", sidecar.totals().bits_per_byte(), kLower);
  }
}

void AddCalibration(const Sidecar& sidecar, Scorecard& scorecard) {
  const Calibration calibration = MeasureCalibration(sidecar);
  if (calibration.cases == 0) return;
  FitnessWriter writer("calibration", sidecar.suite().name(), scorecard);
  const std::string detail = absl::StrCat(calibration.cases, " choices");
  writer.Add("brier_score", FormatMillionths(calibration.brier_score), kLower,
             detail);
  writer.Add("calibration_error", FormatMillionths(calibration.error), kLower,
             detail);
}

struct Tally {
  uint64_t cases = 0;
  uint64_t passed = 0;
};

// The parts on which the suite's rate hides most: its worst tag, and the sources
// of several cases of which some fail.
void AddRobustness(const Sidecar& sidecar, Scorecard& scorecard) {
  std::map<std::string, Tally> tags;
  std::map<std::string, Tally> clusters;
  for (const CaseResult& result : sidecar.cases()) {
    const auto note = [&](Tally& tally) {
      tally.cases += 1;
      tally.passed += result.passed() ? 1 : 0;
    };
    for (const std::string& tag : result.tags()) note(tags[tag]);
    if (!result.source_cluster().empty()) {
      note(clusters[result.source_cluster()]);
    }
  }
  FitnessWriter writer("robustness", sidecar.suite().name(), scorecard);
  const auto worst = std::min_element(
      tags.begin(), tags.end(), [](const auto& a, const auto& b) {
        return a.second.passed * b.second.cases <
               b.second.passed * a.second.cases;
      });
  if (worst != tags.end()) {
    writer.Add("worst_tag_pass_rate",
               PassRate(worst->second.passed, worst->second.cases), kHigher,
               worst->first);
  }
  Tally whole;
  for (const auto& [name, tally] : clusters) {
    if (tally.cases < 2) continue;
    whole.cases += 1;
    whole.passed += tally.passed == tally.cases ? 1 : 0;
  }
  if (whole.cases > 0) {
    writer.Add("whole_clusters", PassRate(whole.passed, whole.cases), kHigher,
               absl::StrCat(whole.passed, " of ", whole.cases));
  }
}

// Work, since time would be another machine's.
void AddLatency(const Sidecar& sidecar, Scorecard& scorecard) {
  const evaluator::CountedUse& use = sidecar.counted().use();
  if (use.case_count() == 0) return;
  FitnessWriter writer("latency", sidecar.suite().name(), scorecard);
  writer.Add("forward_passes_per_case",
             Ratio(use.forward_passes(), use.case_count()), kLower);
  writer.Add("weight_bytes_read_per_case",
             Ratio(use.weight_bytes_read(), use.case_count()), kLower);
}

void AddMemory(const evaluator::Counted& counted, Scorecard& scorecard) {
  FitnessWriter writer("memory", "", scorecard);
  writer.Add("model_bytes", counted.model_bytes(), kLower);
  writer.Add("adapter_bytes", counted.adapter_bytes(), kLower);
  writer.Add("materialized_bytes", counted.materialized_bytes(), kLower);
  writer.Add("kv_capacity_bytes", counted.kv_capacity_bytes(), kLower);
  writer.Add("peak_scratch_bytes", counted.peak_scratch_bytes(), kLower);
}

void AddMaintainability(const evaluator::Counted& counted,
                        Scorecard& scorecard) {
  FitnessWriter writer("maintainability", "", scorecard);
  writer.Add("applied_adapter_count", counted.applied_adapter_count(), kLower);
  writer.Add("quantization_mode", counted.quantization_mode(), kNeither);
}

absl::Status CheckSubject(const Evidence& evidence, const Evidence& first) {
  const auto check = [&](std::string_view member, const std::string& found,
                         const std::string& expected) -> absl::Status {
    if (found == expected) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid evidence: the sidecar of suite \"",
        evidence.record.suite().name(), "\" has ", member, " ", found, ", that of \"",
        first.record.suite().name(), "\" ", expected,
        " (a scorecard is of one assembly, and inherits nothing)"));
  };
  PEDIGREE_RETURN_IF_ERROR(check("assembly_digest",
                                 evidence.record.assembly_digest(),
                                 first.record.assembly_digest()));
  return check("manifest_digest", evidence.record.manifest_digest(),
               first.record.manifest_digest());
}

}  // namespace

absl::StatusOr<Scorecard> MakeScorecard(
    const std::vector<Evidence>& sidecars,
    const std::map<std::string, std::string>& notes) {
  if (sidecars.empty()) {
    return absl::InvalidArgumentError("Invalid evidence: no sidecar");
  }
  const Evidence& first = sidecars.front();
  std::map<std::string, const Evidence*> by_suite;
  for (const Evidence& evidence : sidecars) {
    PEDIGREE_RETURN_IF_ERROR(CheckSubject(evidence, first));
    const std::string& suite = evidence.record.suite().name();
    if (by_suite.emplace(suite, &evidence).second) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid evidence: two sidecars of suite \"", suite, "\""));
  }
  Scorecard scorecard;
  scorecard.set_schema_version(std::string(kScorecardSchema));
  scorecard.mutable_scorer()->set_name(std::string(kScorecardName));
  scorecard.mutable_scorer()->set_version(std::string(kScorecardVersion));
  evaluator::GateSubject& subject = *scorecard.mutable_subject();
  subject.set_assembly_digest(first.record.assembly_digest());
  subject.set_model_digest(first.record.model_digest());
  *subject.mutable_adapter_digests() = first.record.adapter_digests();
  subject.set_manifest_digest(first.record.manifest_digest());
  for (const auto add :
       {AddUtility, AddCalibration, AddRobustness, AddLatency}) {
    for (const auto& [suite, evidence] : by_suite) {
      add(evidence->record, scorecard);
    }
  }
  AddMemory(first.record.counted(), scorecard);
  AddMaintainability(first.record.counted(), scorecard);
  for (const auto& [suite, evidence] : by_suite) {
    evaluator::EvidenceReference& reference = *scorecard.add_sidecars();
    reference.set_suite(suite);
    reference.set_suite_digest(evidence->record.suite().digest());
    reference.set_digest(evidence->digest);
    reference.set_assembly_digest(evidence->record.assembly_digest());
  }
  for (const auto& [topic, text] : notes) {
    evaluator::Note& note = *scorecard.add_notes();
    note.set_topic(topic);
    note.set_text(text);
  }
  return scorecard;
}

absl::StatusOr<Scorecard> ParseScorecard(std::string_view text) {
  Scorecard scorecard;
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(text, "scorecard", &scorecard));
  if (scorecard.schema_version() == kScorecardSchema) return scorecard;
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid scorecard: \"schema_version\" is \"",
      scorecard.schema_version(), "\" (expected \"", kScorecardSchema, "\")"));
}

std::string ScorecardReport(const Scorecard& scorecard) {
  std::vector<TableRow> rows = {
      {"component", "suite", "figure", "value", "better", "detail"}};
  for (const Fitness& fitness : scorecard.fitness()) {
    rows.push_back({fitness.component(), OrDash(fitness.suite()),
                    fitness.name(), fitness.value(), OrDash(fitness.better()),
                    OrDash(fitness.detail())});
  }
  std::string report =
      absl::StrCat("scorecard of ", scorecard.subject().assembly_digest(),
                   "\n", FormatTable(rows));
  for (const evaluator::Note& note : scorecard.notes()) {
    absl::StrAppend(&report, "note, ", note.topic(), ": ", note.text(), "\n");
  }
  return report;
}

}  // namespace pedigree
