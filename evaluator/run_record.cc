#include "evaluator/run_record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/adapters/assembly.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/case_result.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/log_likelihood.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/scorer.h"
#include "runtime/evaluation/sidecar.h"
#include "runtime/evaluation/statistics.h"
#include "runtime/evaluation/suite.h"

namespace pedigree {
namespace {

// What stands for bytes of an output that are no UTF-8.
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// Makes errors of one kind of record.
class Checker {
 public:
  explicit Checker(std::string_view what) : what_(what) {}

  template <typename... Parts>
  absl::Status Invalid(const Parts&... parts) const {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid ", what_, ": ", parts...));
  }

  // OK when `found` is `expected`.
  absl::Status Text(std::string_view member, std::string_view found,
                    std::string_view expected) const {
    if (found == expected) return absl::OkStatus();
    return Invalid("\"", member, "\" is \"", found, "\" (expected \"",
                   expected, "\")");
  }

 private:
  const std::string_view what_;
};

// The same of one case.
class CaseReader {
 public:
  CaseReader(const Checker& checker, const evaluator::CaseResult& record,
             bool omit_texts)
      : checker_(checker), record_(record), omit_texts_(omit_texts) {}

  absl::StatusOr<CaseResult> Read() {
    const std::optional<Scorer> scorer = FindScorer(record_.scorer());
    if (!scorer.has_value()) {
      return Invalid("scorer", record_.scorer(), ScorerNames());
    }
    CaseResult result;
    result.id = record_.id();
    PEDIGREE_RETURN_IF_ERROR(CheckName("sidecar", "id", result.id));
    PEDIGREE_ASSIGN_OR_RETURN(result.prompt_digest,
                              ParseDigest(record_.prompt_digest()));
    result.scorer = record_.scorer();
    result.expected = record_.expected();
    PEDIGREE_ASSIGN_OR_RETURN(result.expected_digest,
                              ParseDigest(record_.expected_digest()));
    result.actual = record_.actual();
    PEDIGREE_ASSIGN_OR_RETURN(result.actual_digest,
                              ParseDigest(record_.actual_digest()));
    result.prompt_tokens = record_.prompt_tokens();
    result.generated_tokens = record_.generated_tokens();
    result.stop_reason = record_.stop_reason();
    result.hard = record_.hard();
    result.tags.assign(record_.tags().begin(), record_.tags().end());
    if (!std::is_sorted(result.tags.begin(), result.tags.end())) {
      return checker_.Invalid("tags of case \"", record_.id(),
                              "\" do not ascend");
    }
    result.source_cluster = record_.source_cluster();
    PEDIGREE_RETURN_IF_ERROR(ReadLikelihoods(*scorer, result));
    PEDIGREE_RETURN_IF_ERROR(CheckExpected(*scorer, result));
    // Where texts are omitted, the record's word counts.
    result.passed = record_.passed();
    result.passed = FollowsPassed(result, omit_texts_);
    PEDIGREE_RETURN_IF_ERROR(Text("passed", record_.passed() ? "true" : "false",
                                  result.passed ? "true" : "false"));
    PEDIGREE_RETURN_IF_ERROR(CheckActual(*scorer, result));
    return result;
  }

 private:
  absl::Status Text(std::string_view member, std::string_view found,
                    std::string_view expected) const {
    return checker_.Text(absl::StrCat(member, "\" of case \"", record_.id()),
                         found, expected);
  }

  absl::Status Invalid(std::string_view member, std::string_view found,
                       std::string_view expected) const {
    return checker_.Invalid("\"", member, "\" of case \"", record_.id(),
                            "\" is \"", found, "\" (expected ", expected, ")");
  }

  absl::Status ReadLikelihoods(Scorer scorer, CaseResult& result) const {
    const size_t count = record_.likelihoods_size();
    size_t least = 0;
    size_t most = 0;
    if (IsAnswered(result) && !Generates(scorer)) {
      PEDIGREE_RETURN_IF_ERROR(
          Text("stop_reason", result.stop_reason, kScored));
      least = IsChoice(scorer) ? 2 : 1;
      most = IsChoice(scorer) ? kMaxChoices : 1;
    }
    if (count < least || count > most) {
      return Invalid("likelihoods", absl::StrCat(count, " of them"),
                     absl::StrCat(least, " to ", most));
    }
    for (const evaluator::Likelihood& record : record_.likelihoods()) {
      Likelihood& text = result.likelihoods.emplace_back();
      PEDIGREE_ASSIGN_OR_RETURN(text.text_digest,
                                ParseDigest(record.text_digest()));
      text.bytes = record.bytes();
      text.context_tokens = record.context_tokens();
      text.tokens = record.tokens();
      const std::optional<int64_t> nats =
          ParseMillionths(record.log_likelihood(), /*may_be_negative=*/true);
      if (!nats.has_value() || *nats > 0 || *nats < kLeastLogLikelihood) {
        return Invalid("log_likelihood", record.log_likelihood(),
                       "a decimal from -10^7 to 0");
      }
      text.log_likelihood = *nats;
      if (text.bytes < 1 || text.bytes > kMaxPromptBytes ||
          text.context_tokens < 1 || text.tokens < 1) {
        return Invalid("likelihoods",
                       absl::StrCat(text.bytes, " bytes, ",
                                    text.context_tokens, " and ", text.tokens,
                                    " tokens"),
                       "at least 1 of each");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckExpected(Scorer scorer, const CaseResult& result) const {
    if (omit_texts_ && scorer != Scorer::kBitsPerByte) {
      return Text("expected", result.expected, "");
    }
    if (scorer == Scorer::kBitsPerByte &&
        !ParseMillionths(result.expected).has_value()) {
      return Invalid("expected", result.expected, "a decimal");
    }
    return Text("expected_digest", result.expected_digest.ToString(),
                Sha256(result.expected).ToString());
  }

  absl::Status CheckActual(Scorer scorer, const CaseResult& result) const {
    if (!IsAnswered(result)) {
      PEDIGREE_RETURN_IF_ERROR(
          Text("actual_digest", result.actual_digest.ToString(),
               Sha256("").ToString()));
      return Text("actual", result.actual, "");
    }
    if (IsChoice(scorer)) {
      const Likelihood& chosen =
          result.likelihoods[Likeliest(result.likelihoods,
                                       scorer == Scorer::kChoiceNormalized)];
      PEDIGREE_RETURN_IF_ERROR(Text("actual_digest",
                                    result.actual_digest.ToString(),
                                    chosen.text_digest.ToString()));
    } else if (scorer == Scorer::kBitsPerByte) {
      const Likelihood& text = result.likelihoods.front();
      PEDIGREE_RETURN_IF_ERROR(
          Text("actual", result.actual,
               FormatMillionths(BitsPerByte(text.log_likelihood, text.bytes))));
    }
    if (omit_texts_ && scorer != Scorer::kBitsPerByte) {
      return Text("actual", result.actual, "");
    }
    if (result.passed && scorer == Scorer::kExactMatch) {
      PEDIGREE_RETURN_IF_ERROR(
          Text("actual", result.actual, result.expected));
    }
    if (absl::StrContains(result.actual, kReplacementCharacter)) {
      return absl::OkStatus();
    }
    return Text("actual_digest", result.actual_digest.ToString(),
                Sha256(result.actual).ToString());
  }

  const Checker& checker_;
  const evaluator::CaseResult& record_;
  const bool omit_texts_;
};

template <typename Record>
absl::Status ReadSubject(const Checker& checker, const Record& record,
                         Subject& subject) {
  PEDIGREE_ASSIGN_OR_RETURN(subject.model_digest,
                            ParseDigest(record.model_digest()));
  for (const std::string& text : record.adapter_digests()) {
    PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(text));
    subject.adapter_digests.push_back(digest);
  }
  const auto& receipts = record.parent_receipt_digests();
  if (!receipts.empty() && record.adapter_digests().empty()) {
    return checker.Invalid(receipts.size(),
                           " parent_receipt_digests without an adapter");
  }
  for (int i = 0; i < receipts.size(); ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(receipts[i]));
    subject.parent_receipt_digests.push_back(digest);
    if (i == 0 || receipts[i - 1] < receipts[i]) continue;
    return checker.Invalid("parent_receipt_digests[", i, "] is \"",
                           receipts[i], "\", behind \"", receipts[i - 1],
                           "\" (must ascend)");
  }
  subject.assembly_digest =
      AssemblyDigest(subject.model_digest, subject.adapter_digests);
  const std::string assembly = subject.assembly_digest.ToString();
  PEDIGREE_RETURN_IF_ERROR(
      checker.Text("assembly_digest", record.assembly_digest(), assembly));
  PEDIGREE_RETURN_IF_ERROR(checker.Text("counted.assembly_digest",
                                        record.counted().assembly_digest(),
                                        assembly));
  PEDIGREE_RETURN_IF_ERROR(checker.Text("counted.numerics_version",
                                        record.counted().numerics_version(),
                                        record.numerics_version()));
  PEDIGREE_ASSIGN_OR_RETURN(
      subject.counted,
      ParseJson(CanonicalRecord(record.counted()), "counted"));
  return absl::OkStatus();
}

template <typename Record>
absl::Status ReadFacts(const Checker& checker, const Record& record,
                       RunFacts& facts) {
  PEDIGREE_RETURN_IF_ERROR(checker.Text(
      "evaluator.name", record.evaluator().name(), kEvaluatorName));
  PEDIGREE_RETURN_IF_ERROR(checker.Text(
      "evaluator.version", record.evaluator().version(), kEvaluatorVersion));
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(record.manifest_digest()).status());
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(record.suite().digest()).status());
  if (!QualityBoundary(record.source_kind()).has_value()) {
    return checker.Invalid("\"source_kind\" is \"", record.source_kind(),
                           "\" (expected ", SourceKindNames(), ")");
  }
  PEDIGREE_RETURN_IF_ERROR(ReadSubject(checker, record, facts.subject));
  facts.manifest_digest = record.manifest_digest();
  facts.source_kind = record.source_kind();
  facts.suite_name = record.suite().name();
  facts.suite_version = record.suite().version();
  facts.suite_digest = record.suite().digest();
  RunOptions& options = facts.options;
  options.fail_fast = record.run().fail_fast();
  options.filter_tags.assign(record.run().filter_tags().begin(),
                             record.run().filter_tags().end());
  options.max_forward_passes = record.run().max_forward_passes();
  options.omit_texts = record.run().omit_texts();
  if (!std::is_sorted(options.filter_tags.begin(), options.filter_tags.end())) {
    return checker.Invalid("\"run.filter_tags\" do not ascend");
  }
  return absl::OkStatus();
}

template <typename Record>
absl::StatusOr<RunRecord> ReadAny(std::string_view what, const Record& record) {
  const Checker checker(what);
  RunRecord run;
  PEDIGREE_RETURN_IF_ERROR(ReadFacts(checker, record, run.facts));
  for (int i = 1; i < record.cases_size(); ++i) {
    if (record.cases(i - 1).id() < record.cases(i).id()) continue;
    return checker.Invalid("case \"", record.cases(i).id(), "\" follows \"",
                           record.cases(i - 1).id(),
                           "\" (expected ascending ids)");
  }
  if (record.cases_size() > static_cast<int>(kMaxCases)) {
    return checker.Invalid(record.cases_size(), " cases (at most ", kMaxCases,
                           ")");
  }
  for (const evaluator::CaseResult& row : record.cases()) {
    CaseReader reader(checker, row, run.facts.options.omit_texts);
    PEDIGREE_ASSIGN_OR_RETURN(CaseResult result, reader.Read());
    run.results.push_back(std::move(result));
  }
  return run;
}

}  // namespace

absl::StatusOr<RunRecord> ReadRun(std::string_view what,
                                  const evaluator::Sidecar& sidecar) {
  return ReadAny(what, sidecar);
}

absl::StatusOr<RunRecord> ReadRun(std::string_view what,
                                  const evaluator::SidecarShard& shard) {
  return ReadAny(what, shard);
}

absl::Status CheckRecord(std::string_view what, const Json& found,
                         Json expected) {
  expected["numerics_version"] = found.at("numerics_version");
  const std::optional<JsonDifference> difference =
      FirstDifference(found, expected);
  if (!difference.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid ", what, ": \"", difference->place, "\" is ", difference->a,
      " (expected ", difference->b, ")"));
}

}  // namespace pedigree
