#include "evaluator/gate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/mcnemar.h"
#include "evaluator/policy.h"
#include "runtime/base/check.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

using evaluator::CaseResult;
using evaluator::Decision;
using evaluator::EvidenceReference;
using evaluator::GatePolicy;
using evaluator::Reason;
using evaluator::RegressionPolicy;
using evaluator::ResourceCap;
using evaluator::Sidecar;
using evaluator::SuitePolicy;
using evaluator::SuiteResult;

constexpr uint64_t kMillion = 1000000;

// Gravest first.
constexpr std::array<std::string_view, 5> kRefusals = {
    kMissing, kNotComparable, kFailHardCase, kFailFloor, kFailRegression};

using EvidenceByName = std::map<std::string, const Evidence*>;
using SuiteByName = std::map<std::string, const Suite*>;

absl::Status Repeated(std::string_view what, std::string_view suite) {
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid evidence: two ", what, " of suite \"", suite, "\""));
}

absl::StatusOr<EvidenceByName> ByName(std::string_view what,
                                      const std::vector<Evidence>& list) {
  EvidenceByName by_name;
  for (const Evidence& evidence : list) {
    const std::string& name = evidence.record.suite().name();
    if (!by_name.emplace(name, &evidence).second) return Repeated(what, name);
  }
  return by_name;
}

absl::StatusOr<SuiteByName> ByName(const std::vector<Suite>& suites) {
  SuiteByName by_name;
  for (const Suite& suite : suites) {
    if (!by_name.emplace(suite.name, &suite).second) {
      return Repeated("documents", suite.name);
    }
  }
  return by_name;
}

// Millionths of a decimal that ParsePolicy has checked.
uint32_t Millionths(std::string_view decimal) {
  const absl::StatusOr<uint32_t> millionths =
      ParseUnitDecimal("decimal", decimal);
  PEDIGREE_CHECK(millionths.ok());
  return *millionths;
}

bool IsError(const CaseResult& result) {
  return result.stop_reason().rfind("error:", 0) == 0;
}

bool IsNotRun(const CaseResult& result) {
  return result.stop_reason().rfind("not-run:", 0) == 0;
}

// What a case gave: its text, or why there is none.
const std::string& Given(const CaseResult& result) {
  return IsError(result) ? result.stop_reason() : result.actual();
}

// Judges the sidecar of one suite and adds what it finds to a decision.
class SuiteJudge {
 public:
  SuiteJudge(std::string suite, const Evidence& evidence, Decision& decision)
      : suite_(std::move(suite)),
        evidence_(evidence),
        sidecar_(evidence.record),
        decision_(decision) {}

  // Whether the sidecar is about the candidate and its suite at all.
  void CheckSubject(const GateInput& input) {
    Require(kNotComparable, "assembly_digest", sidecar_.assembly_digest(),
            input.sidecars.front().record.assembly_digest());
    if (!input.manifest_digest.empty()) {
      Require(kNotComparable, "manifest_digest", sidecar_.manifest_digest(),
              input.manifest_digest);
    }
  }

  void CheckClaim(const std::string& asked) {
    const auto borne = ClaimRank(sidecar_.quality_boundary());
    if (borne.has_value() && *borne >= *ClaimRank(asked)) return;
    Add(kMissing, "", "claim_level", sidecar_.quality_boundary(), asked);
  }

  // A run that was ended early, or left cases out.
  void CheckComplete() {
    for (const CaseResult& result : sidecar_.cases()) {
      if (!IsNotRun(result)) continue;
      Add(kMissing, result.id(), "case", result.stop_reason(), "a result");
    }
  }

  // No missing and no stray case, and each is the frozen one.
  void CheckCases(const Suite& suite) {
    // Of another suite no case says anything.
    if (!Require(kNotComparable, "suite_digest", sidecar_.suite().digest(),
                 SuiteDigest(suite).ToString())) {
      return;
    }
    std::map<std::string_view, const CaseResult*> results;
    for (const CaseResult& result : sidecar_.cases()) {
      results[result.id()] = &result;
    }
    for (const EvalCase& eval_case : suite.cases) {
      const auto result = results.find(eval_case.id);
      if (result == results.end()) {
        Add(kMissing, eval_case.id, "case", "no result", "a result");
        continue;
      }
      CheckCase(eval_case, *result->second);
      results.erase(result);
    }
    for (const auto& [id, result] : results) {
      Add(kNotComparable, id, "case", "a result", "no such case");
    }
  }

  void CheckPolicy(const SuitePolicy& policy) {
    if (!policy.digest().empty()) {
      Require(kNotComparable, "suite_digest", sidecar_.suite().digest(),
              policy.digest());
    }
    SuiteResult& figures = Figures();
    figures.set_min_pass_rate(policy.min_pass_rate());
    const auto& totals = sidecar_.totals();
    if (totals.passed() * kMillion <
        totals.cases() * Millionths(policy.min_pass_rate())) {
      Add(kFailFloor, "", "pass_rate", sidecar_.pass_rate(),
          absl::StrCat("at least ", policy.min_pass_rate()));
    }
    CheckBitsPerByte(policy);
  }

  // Floors of the cases that have a tag.
  void CheckTags(const SuitePolicy& policy) {
    for (const evaluator::TagPolicy& tag : policy.tags()) {
      uint64_t cases = 0;
      uint64_t passed = 0;
      for (const CaseResult& result : sidecar_.cases()) {
        const auto& tags = result.tags();
        if (std::find(tags.begin(), tags.end(), tag.name()) == tags.end()) {
          continue;
        }
        cases += 1;
        passed += result.passed() ? 1 : 0;
      }
      evaluator::TagResult& figures = *Figures().add_tags();
      figures.set_tag(tag.name());
      figures.set_cases(cases);
      figures.set_passed(passed);
      figures.set_min_pass_rate(tag.min_pass_rate());
      const std::string check = absl::StrCat("pass_rate of tag ", tag.name());
      const std::string least = absl::StrCat("at least ", tag.min_pass_rate());
      if (cases == 0) {
        Add(kMissing, "", check, "no case", least);
        continue;
      }
      figures.set_pass_rate(PassRate(passed, cases));
      if (passed * kMillion < cases * Millionths(tag.min_pass_rate())) {
        Add(kFailFloor, "", check, figures.pass_rate(), least);
      }
    }
  }

  void CheckHardCases() {
    for (const CaseResult& result : sidecar_.cases()) {
      if (!result.hard() || result.passed() || IsNotRun(result)) continue;
      Add(kFailHardCase, result.id(), "hard_case", Given(result),
          result.expected());
    }
  }

  void CheckCap(const ResourceCap& cap) {
    const std::string check = absl::StrCat("counted.", cap.counter());
    const std::string most = absl::StrCat("at most ", cap.max());
    const auto value = CountedValue(evidence_, cap.counter());
    if (!value.has_value()) {
      Add(kMissing, "", check, "no such value", most);
    } else if (*value > cap.max()) {
      Add(kFailFloor, "", check, absl::StrCat(*value), most);
    }
  }

  void MissBaseline() {
    Add(kMissing, "", "baseline", "no sidecar", "a sidecar");
  }

  // Compares case by case; `regression` is null when the policy has no bar.
  void CompareWith(const Sidecar& baseline,
                   const RegressionPolicy* regression) {
    if (!IsComparable(baseline)) return;
    uint32_t lost = 0;
    uint32_t gained = 0;
    for (int i = 0; i < sidecar_.cases_size(); ++i) {
      const bool now = sidecar_.cases(i).passed();
      const bool before = baseline.cases(i).passed();
      lost += before && !now ? 1 : 0;
      gained += now && !before ? 1 : 0;
    }
    const uint32_t limit =
        regression == nullptr ? 0 : Millionths(regression->max_p_value());
    const PValue p_value = McNemarPValue(lost, gained, limit);
    SuiteResult& figures = Figures();
    figures.set_baseline_pass_rate(baseline.pass_rate());
    figures.set_lost(lost);
    figures.set_gained(gained);
    figures.set_p_value(p_value.text);
    CompareBitsPerByte(baseline, regression);
    if (regression == nullptr || lost <= gained) return;
    const uint64_t drop = lost - gained;
    const bool large = drop * kMillion >=
                       sidecar_.totals().cases() *
                           Millionths(regression->min_effect());
    if (large && p_value.at_most_limit) {
      AddRegression(baseline, p_value, *regression);
    }
  }

 private:
  void CheckBitsPerByte(const SuitePolicy& policy) {
    const std::string& found = sidecar_.totals().bits_per_byte();
    const std::string& most = policy.max_bits_per_byte();
    Figures().set_bits_per_byte(found);
    Figures().set_max_bits_per_byte(most);
    if (most.empty()) return;
    const std::string required = absl::StrCat("at most ", most);
    if (found.empty()) {
      Add(kMissing, "", "bits_per_byte", "no text", required);
    } else if (*ParseMillionths(found) > *ParseMillionths(most)) {
      Add(kFailFloor, "", "bits_per_byte", found, required);
    }
  }

  void CompareBitsPerByte(const Sidecar& baseline,
                          const RegressionPolicy* regression) {
    const std::string& found = sidecar_.totals().bits_per_byte();
    const std::string& before = baseline.totals().bits_per_byte();
    Figures().set_baseline_bits_per_byte(before);
    if (regression == nullptr || regression->max_bits_per_byte_rise().empty()) {
      return;
    }
    const std::string required = absl::StrCat(
        "a rise of at most ", regression->max_bits_per_byte_rise());
    if (found.empty() || before.empty()) {
      Add(kMissing, "", "bits_per_byte", "no text", required);
    } else if (*ParseMillionths(found) - *ParseMillionths(before) >
               *ParseMillionths(regression->max_bits_per_byte_rise())) {
      Add(kFailRegression, "", "bits_per_byte",
          absl::StrCat(found, " (baseline ", before, ")"), required);
    }
  }

  void Add(std::string_view verdict, std::string_view case_id,
           std::string_view check, std::string_view found,
           std::string_view required) {
    Reason& reason = *decision_.add_reasons();
    reason.set_verdict(std::string(verdict));
    reason.set_suite(suite_);
    reason.set_case_(std::string(case_id));
    reason.set_check(std::string(check));
    reason.set_found(std::string(found));
    reason.set_required(std::string(required));
  }

  // Adds a reason unless the texts are equal; returns whether they are.
  bool Require(std::string_view verdict, std::string_view check,
               std::string_view found, std::string_view required) {
    if (found == required) return true;
    Add(verdict, "", check, found, required);
    return false;
  }

  void CheckCase(const EvalCase& eval_case, const CaseResult& result) {
    const std::string prompt = Sha256(eval_case.prompt).ToString();
    if (result.prompt_digest() != prompt) {
      Add(kNotComparable, eval_case.id, "prompt_digest",
          result.prompt_digest(), prompt);
    }
    const std::string expected = Sha256(eval_case.expected).ToString();
    if (result.expected_digest() != expected) {
      // Its text says more, where the run kept it.
      if (result.expected().empty()) {
        Add(kNotComparable, eval_case.id, "expected_digest",
            result.expected_digest(), expected);
      } else {
        Add(kNotComparable, eval_case.id, "expected", result.expected(),
            eval_case.expected);
      }
    }
    if (result.scorer() != eval_case.scorer) {
      Add(kNotComparable, eval_case.id, "scorer", result.scorer(),
          eval_case.scorer);
    }
    if (result.hard() != eval_case.hard) {
      Add(kNotComparable, eval_case.id, "hard",
          result.hard() ? "true" : "false", eval_case.hard ? "true" : "false");
    }
    const std::string tags = absl::StrJoin(result.tags(), ",");
    const std::string frozen = absl::StrJoin(eval_case.tags, ",");
    if (tags != frozen) {
      Add(kNotComparable, eval_case.id, "tags", tags, frozen);
    }
    if (result.source_cluster() != eval_case.source_cluster) {
      Add(kNotComparable, eval_case.id, "source_cluster",
          result.source_cluster(), eval_case.source_cluster);
    }
  }

  bool IsComparable(const Sidecar& baseline) {
    const bool suite =
        Require(kNotComparable, "baseline.suite_digest",
                baseline.suite().digest(), sidecar_.suite().digest());
    const bool evaluator =
        Require(kNotComparable, "baseline.evaluator_version",
                baseline.evaluator().version(), sidecar_.evaluator().version());
    const bool numerics =
        Require(kNotComparable, "baseline.numerics_version",
                baseline.numerics_version(), sidecar_.numerics_version());
    return suite && evaluator && numerics && HasSameCases(baseline);
  }

  // Equal suite digests promise it; a forged sidecar may not keep it.
  bool HasSameCases(const Sidecar& baseline) {
    bool complete = true;
    bool same = Require(kNotComparable, "baseline.cases",
                        absl::StrCat(baseline.cases_size()),
                        absl::StrCat(sidecar_.cases_size()));
    for (int i = 0; same && i < sidecar_.cases_size(); ++i) {
      same = Require(kNotComparable, "baseline.case", baseline.cases(i).id(),
                     sidecar_.cases(i).id());
    }
    // What the baseline does not say cannot have been lost.
    for (const CaseResult& result : baseline.cases()) {
      if (!same || !IsNotRun(result)) continue;
      Add(kMissing, result.id(), "baseline.case", result.stop_reason(),
          "a result");
      complete = false;
    }
    return same && complete;
  }

  void AddRegression(const Sidecar& baseline, const PValue& p_value,
                     const RegressionPolicy& regression) {
    Add(kFailRegression, "", "pass_rate",
        absl::StrCat(sidecar_.pass_rate(), " (baseline ", baseline.pass_rate(),
                     ", p ", p_value.text, ")"),
        absl::StrCat("a fall below ", regression.min_effect(), ", or p above ",
                     regression.max_p_value()));
    for (int i = 0; i < sidecar_.cases_size(); ++i) {
      const CaseResult& result = sidecar_.cases(i);
      if (result.passed() || !baseline.cases(i).passed()) continue;
      Add(kFailRegression, result.id(), "lost_case", Given(result),
          result.expected());
    }
  }

  // This suite's row of figures, made on first use.
  SuiteResult& Figures() {
    const int last = decision_.suites_size() - 1;
    if (last >= 0 && decision_.suites(last).suite() == suite_) {
      return *decision_.mutable_suites(last);
    }
    SuiteResult& figures = *decision_.add_suites();
    figures.set_suite(suite_);
    figures.set_cases(sidecar_.totals().cases());
    figures.set_passed(sidecar_.totals().passed());
    figures.set_pass_rate(sidecar_.pass_rate());
    return figures;
  }

  const std::string suite_;
  const Evidence& evidence_;
  const Sidecar& sidecar_;
  Decision& decision_;
};

void AddReasonAboutSuite(std::string_view verdict, const std::string& suite,
                         std::string_view found, std::string_view required,
                         Decision& decision) {
  Reason& reason = *decision.add_reasons();
  reason.set_verdict(std::string(verdict));
  reason.set_suite(suite);
  reason.set_check("sidecar");
  reason.set_found(std::string(found));
  reason.set_required(std::string(required));
}

// All checks of one required suite, in the order that reasons are listed.
void JudgeSuite(const SuitePolicy& policy, const GateInput& input,
                const Evidence& evidence, const Evidence* baseline,
                const Suite* suite, Decision& decision) {
  SuiteJudge judge(policy.name(), evidence, decision);
  judge.CheckSubject(input);
  judge.CheckClaim(input.policy.claim_level());
  judge.CheckComplete();
  if (suite != nullptr) judge.CheckCases(*suite);
  judge.CheckHardCases();
  judge.CheckPolicy(policy);
  judge.CheckTags(policy);
  const RegressionPolicy* regression =
      policy.has_regression() ? &policy.regression() : nullptr;
  if (baseline != nullptr) {
    judge.CompareWith(baseline->record, regression);
  } else if (regression != nullptr) {
    judge.MissBaseline();
  }
  for (const ResourceCap& cap : input.policy.resource_caps()) {
    judge.CheckCap(cap);
  }
}

template <typename Map>
typename Map::mapped_type FindOrNull(const Map& map, const std::string& name) {
  const auto entry = map.find(name);
  return entry == map.end() ? nullptr : entry->second;
}

// Evidence that no bar of the policy applies to cannot be judged.
void RefuseStraySidecars(const GatePolicy& policy,
                         const EvidenceByName& sidecars, Decision& decision) {
  for (const auto& [name, evidence] : sidecars) {
    const bool required = std::any_of(
        policy.suites().begin(), policy.suites().end(),
        [&name = name](const SuitePolicy& suite) {
          return suite.name() == name;
        });
    if (required) continue;
    AddReasonAboutSuite(kNotComparable, name, "a sidecar",
                        "only suites of the policy", decision);
  }
}

// The bounds of what was measured, and what of it is about this evidence.
void JudgeObservations(const GateInput& input, Decision& decision) {
  const auto add = [&](std::string_view verdict, const std::string& suite,
                       const std::string& check, std::string_view found,
                       std::string_view required) {
    Reason& reason = *decision.add_reasons();
    reason.set_verdict(std::string(verdict));
    reason.set_suite(suite);
    reason.set_check(check);
    reason.set_found(std::string(found));
    reason.set_required(std::string(required));
  };
  for (const Observed& observed : input.observations) {
    const evaluator::Observation& record = observed.record;
    const bool cited = std::any_of(
        input.sidecars.begin(), input.sidecars.end(),
        [&](const Evidence& evidence) {
          return evidence.digest == record.sidecar_digest() &&
                 evidence.record.assembly_digest() ==
                     record.assembly_digest();
        });
    if (cited) continue;
    add(kNotComparable, record.suite(), "observation.sidecar_digest",
        record.sidecar_digest(), "a sidecar of the candidate");
  }
  for (const evaluator::ObservationCap& cap : input.policy.observation_caps()) {
    const std::string check =
        absl::StrCat("observed.", cap.measure(), " on ", cap.machine());
    const std::string required = absl::StrCat(
        cap.min().empty() ? "" : absl::StrCat("at least ", cap.min()),
        !cap.min().empty() && !cap.max().empty() ? ", " : "",
        cap.max().empty() ? "" : absl::StrCat("at most ", cap.max()));
    bool found = false;
    for (const Observed& observed : input.observations) {
      const std::optional<int64_t> value =
          MeasureOn(observed.record, cap.machine(), cap.measure());
      if (!value.has_value()) continue;
      found = true;
      if ((!cap.min().empty() && *value < *ParseMillionths(cap.min())) ||
          (!cap.max().empty() && *value > *ParseMillionths(cap.max()))) {
        add(kFailFloor, observed.record.suite(), check,
            FormatSignedMillionths(*value), required);
      }
    }
    if (!found) add(kMissing, "", check, "no observation", required);
  }
  for (const Observed& observed : input.observations) {
    evaluator::ObservationReference& reference = *decision.add_observations();
    reference.set_machine(observed.record.machine());
    reference.set_suite(observed.record.suite());
    reference.set_digest(observed.digest);
    reference.set_sidecar_digest(observed.record.sidecar_digest());
  }
  std::sort(decision.mutable_observations()->begin(),
            decision.mutable_observations()->end(),
            [](const auto& a, const auto& b) {
              return std::tie(a.machine(), a.suite(), a.digest()) <
                     std::tie(b.machine(), b.suite(), b.digest());
            });
}

void AddReferences(
    const EvidenceByName& evidence,
    google::protobuf::RepeatedPtrField<EvidenceReference>& references) {
  for (const auto& [name, item] : evidence) {
    EvidenceReference& reference = *references.Add();
    reference.set_suite(name);
    reference.set_suite_digest(item->record.suite().digest());
    reference.set_digest(item->digest);
    reference.set_assembly_digest(item->record.assembly_digest());
  }
}

void AddIdentity(const GateInput& input, Decision& decision) {
  decision.set_schema_version(std::string(kDecisionSchema));
  decision.mutable_gate()->set_name(std::string(kGateName));
  decision.mutable_gate()->set_version(std::string(kGateVersion));
  decision.mutable_policy()->set_name(input.policy.name());
  decision.mutable_policy()->set_version(input.policy.version());
  decision.mutable_policy()->set_digest(
      Sha256(CanonicalRecord(input.policy)).ToString());
  const Sidecar& first = input.sidecars.front().record;
  evaluator::GateSubject& subject = *decision.mutable_subject();
  subject.set_assembly_digest(first.assembly_digest());
  subject.set_model_digest(first.model_digest());
  *subject.mutable_adapter_digests() = first.adapter_digests();
  subject.set_manifest_digest(first.manifest_digest());
}

std::string_view GravestVerdict(const Decision& decision) {
  for (const std::string_view refusal : kRefusals) {
    for (const Reason& reason : decision.reasons()) {
      if (reason.verdict() == refusal) return refusal;
    }
  }
  return kPass;
}

// The truth table: evidence that cannot be judged changes nothing, and neither
// does a candidate that is its own baseline.
std::string_view ActionFor(std::string_view verdict, const Decision& decision) {
  if (verdict == kMissing || verdict == kNotComparable) return "no-op";
  if (verdict != kPass) return "reject";
  for (const EvidenceReference& baseline : decision.baselines()) {
    if (baseline.assembly_digest() == decision.subject().assembly_digest()) {
      return "no-op";
    }
  }
  return "promote";
}

}  // namespace

absl::StatusOr<Decision> Decide(const GateInput& input) {
  if (input.sidecars.empty()) {
    return absl::InvalidArgumentError("Invalid evidence: no sidecar");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const EvidenceByName sidecars,
                            ByName("sidecars", input.sidecars));
  PEDIGREE_ASSIGN_OR_RETURN(const EvidenceByName baselines,
                            ByName("baselines", input.baselines));
  PEDIGREE_ASSIGN_OR_RETURN(const SuiteByName suites, ByName(input.suites));
  Decision decision;
  AddIdentity(input, decision);
  for (const SuitePolicy& policy : input.policy.suites()) {
    const Evidence* evidence = FindOrNull(sidecars, policy.name());
    if (evidence == nullptr) {
      AddReasonAboutSuite(kMissing, policy.name(), "no sidecar", "a sidecar",
                          decision);
      continue;
    }
    JudgeSuite(policy, input, *evidence, FindOrNull(baselines, policy.name()),
               FindOrNull(suites, policy.name()), decision);
  }
  RefuseStraySidecars(input.policy, sidecars, decision);
  JudgeObservations(input, decision);
  AddReferences(sidecars, *decision.mutable_sidecars());
  AddReferences(baselines, *decision.mutable_baselines());
  const std::string_view verdict = GravestVerdict(decision);
  decision.set_verdict(std::string(verdict));
  decision.set_action(std::string(ActionFor(verdict, decision)));
  decision.set_claim_level(verdict == kPass ? input.policy.claim_level()
                                            : "structural");
  return decision;
}

bool IsVerdict(std::string_view verdict) {
  return verdict == kPass || std::find(kRefusals.begin(), kRefusals.end(),
                                       verdict) != kRefusals.end();
}

}  // namespace pedigree
