#include "evaluator/sidecar.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

using evaluator::CaseResult;
using evaluator::Sidecar;
using evaluator::Totals;

// What stands for bytes of an output that are no UTF-8.
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// OK when `found` is `expected`.
absl::Status CheckText(std::string_view member, std::string_view found,
                       std::string_view expected) {
  if (found == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid sidecar: \"", member, "\" is \"", found,
                   "\" (expected \"", expected, "\")"));
}

absl::Status CheckCount(std::string_view member, uint64_t found,
                        uint64_t expected) {
  return CheckText(member, absl::StrCat(found), absl::StrCat(expected));
}

absl::Status CheckFlag(std::string_view member, bool found, bool expected) {
  return CheckText(member, found ? "true" : "false",
                   expected ? "true" : "false");
}

absl::Status CheckIdentity(const Sidecar& sidecar) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckText("schema_version", sidecar.schema_version(), kSidecarSchema));
  PEDIGREE_RETURN_IF_ERROR(CheckText(
      "evaluator.name", sidecar.evaluator().name(), kEvaluatorName));
  PEDIGREE_RETURN_IF_ERROR(CheckText("evaluator.version",
                                     sidecar.evaluator().version(),
                                     kEvaluatorVersion));
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(sidecar.manifest_digest()).status());
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(sidecar.suite().digest()).status());
  const std::string_view boundary =
      QualityBoundary(sidecar.source_kind()).value_or("");
  return CheckText("quality_boundary", sidecar.quality_boundary(), boundary);
}

absl::Status CheckReceipts(const Sidecar& sidecar) {
  const auto& receipts = sidecar.parent_receipt_digests();
  if (!receipts.empty() && sidecar.adapter_digests().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid sidecar: ", receipts.size(),
                     " parent_receipt_digests without an adapter"));
  }
  for (int i = 0; i < receipts.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(ParseDigest(receipts[i]).status());
    if (i == 0 || receipts[i - 1] < receipts[i]) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid sidecar: parent_receipt_digests[", i, "] is \"", receipts[i],
        "\", behind \"", receipts[i - 1], "\" (must ascend)"));
  }
  return absl::OkStatus();
}

absl::Status CheckAssembly(const Sidecar& sidecar) {
  PEDIGREE_ASSIGN_OR_RETURN(const Digest base,
                            ParseDigest(sidecar.model_digest()));
  std::vector<Digest> adapters;
  for (const std::string& text : sidecar.adapter_digests()) {
    PEDIGREE_ASSIGN_OR_RETURN(const Digest adapter, ParseDigest(text));
    adapters.push_back(adapter);
  }
  PEDIGREE_RETURN_IF_ERROR(CheckReceipts(sidecar));
  const std::string assembly = AssemblyDigest(base, adapters).ToString();
  PEDIGREE_RETURN_IF_ERROR(
      CheckText("assembly_digest", sidecar.assembly_digest(), assembly));
  PEDIGREE_RETURN_IF_ERROR(CheckText("counted.assembly_digest",
                                     sidecar.counted().assembly_digest(),
                                     assembly));
  return CheckText("counted.numerics_version",
                   sidecar.counted().numerics_version(),
                   sidecar.numerics_version());
}

absl::Status CheckCase(const CaseResult& result) {
  const bool error = std::string_view(result.stop_reason()).substr(0, 6) ==
                     "error:";
  const std::optional<Scorer> scorer = FindScorer(result.scorer());
  if (!scorer.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid sidecar: \"scorer\" of case \"", result.id(), "\" is \"",
        result.scorer(), "\" (expected ", ScorerNames(), ")"));
  }
  // The text tells all but bytes that were no UTF-8; those the digest knows.
  const bool passed =
      !error && (*scorer == Scorer::kExactMatch
                     ? result.actual_digest() ==
                           Sha256(result.expected()).ToString()
                     : Passes(*scorer, result.actual(), result.expected()));
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(result.prompt_digest()).status());
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(result.actual_digest()).status());
  PEDIGREE_RETURN_IF_ERROR(
      CheckFlag(absl::StrCat("passed\" of case \"", result.id()),
                result.passed(), passed));
  if (passed && *scorer == Scorer::kExactMatch) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckText(absl::StrCat("actual\" of case \"", result.id()),
                  result.actual(), result.expected()));
  }
  if (absl::StrContains(result.actual(), kReplacementCharacter)) {
    return absl::OkStatus();
  }
  return CheckText(absl::StrCat("actual_digest\" of case \"", result.id()),
                   result.actual_digest(), Sha256(result.actual()).ToString());
}

absl::Status CheckOrder(const Sidecar& sidecar) {
  if (sidecar.cases().empty()) {
    return absl::InvalidArgumentError("Invalid sidecar: no cases");
  }
  for (int i = 1; i < sidecar.cases_size(); ++i) {
    if (sidecar.cases(i - 1).id() < sidecar.cases(i).id()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid sidecar: case \"", sidecar.cases(i).id(), "\" follows \"",
        sidecar.cases(i - 1).id(), "\" (expected ascending ids)"));
  }
  return absl::OkStatus();
}

Totals AddUp(const Sidecar& sidecar) {
  Totals totals;
  uint64_t passed = 0;
  uint64_t prompt_tokens = 0;
  uint64_t generated_tokens = 0;
  for (const CaseResult& result : sidecar.cases()) {
    passed += result.passed() ? 1 : 0;
    prompt_tokens += result.prompt_tokens();
    generated_tokens += result.generated_tokens();
  }
  const uint64_t cases = sidecar.cases_size();
  totals.set_cases(cases);
  totals.set_passed(passed);
  totals.set_failed(cases - passed);
  totals.set_prompt_tokens(prompt_tokens);
  totals.set_generated_tokens(generated_tokens);
  return totals;
}

absl::Status CheckTotals(const Totals& found, const Totals& expected) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckCount("totals.cases", found.cases(), expected.cases()));
  PEDIGREE_RETURN_IF_ERROR(
      CheckCount("totals.passed", found.passed(), expected.passed()));
  PEDIGREE_RETURN_IF_ERROR(
      CheckCount("totals.failed", found.failed(), expected.failed()));
  PEDIGREE_RETURN_IF_ERROR(CheckCount("totals.prompt_tokens",
                                      found.prompt_tokens(),
                                      expected.prompt_tokens()));
  return CheckCount("totals.generated_tokens", found.generated_tokens(),
                    expected.generated_tokens());
}

absl::Status CheckResults(const Sidecar& sidecar) {
  PEDIGREE_RETURN_IF_ERROR(CheckOrder(sidecar));
  for (const CaseResult& result : sidecar.cases()) {
    PEDIGREE_RETURN_IF_ERROR(CheckCase(result));
  }
  const Totals totals = AddUp(sidecar);
  PEDIGREE_RETURN_IF_ERROR(CheckTotals(sidecar.totals(), totals));
  PEDIGREE_RETURN_IF_ERROR(
      CheckText("pass_rate", sidecar.pass_rate(),
                PassRate(totals.passed(), totals.cases())));
  const Interval interval = WilsonInterval(totals.passed(), totals.cases());
  PEDIGREE_RETURN_IF_ERROR(CheckText(
      "interval.lower", sidecar.interval().lower(), interval.lower));
  PEDIGREE_RETURN_IF_ERROR(CheckText(
      "interval.upper", sidecar.interval().upper(), interval.upper));
  return CheckFlag("passed", sidecar.passed(), totals.failed() == 0);
}

}  // namespace

absl::StatusOr<Evidence> ParseSidecar(std::string_view text) {
  Evidence evidence;
  PEDIGREE_RETURN_IF_ERROR(
      ParseCanonicalRecord(text, "sidecar", &evidence.record));
  PEDIGREE_RETURN_IF_ERROR(CheckIdentity(evidence.record));
  PEDIGREE_RETURN_IF_ERROR(CheckAssembly(evidence.record));
  PEDIGREE_RETURN_IF_ERROR(CheckResults(evidence.record));
  evidence.digest = Sha256(text).ToString();
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(text, "sidecar"));
  evidence.counted = json.at("counted");
  return evidence;
}

std::optional<uint64_t> CountedValue(const Evidence& evidence,
                                     std::string_view path) {
  const Json* value = &evidence.counted;
  for (const std::string_view key : absl::StrSplit(path, '.')) {
    const auto member = value->find(key);
    if (member == value->end()) return std::nullopt;
    value = &*member;
  }
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  uint64_t number = 0;
  if (value->is_string() &&
      absl::SimpleAtoi(value->get_ref<const std::string&>(), &number)) {
    return number;
  }
  return std::nullopt;
}

}  // namespace pedigree
