#include "evaluator/observation.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

constexpr std::string_view kWhat = "observation";

absl::Status Invalid(std::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid observation: ", message));
}

absl::Status CheckMeasures(const evaluator::Observation& record) {
  std::string_view last;
  for (const evaluator::Measure& measure : record.measures()) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckName(kWhat, "measures.name", measure.name()));
    const std::optional<int64_t> value = ParseMillionths(measure.value());
    if (!value.has_value() ||
        FormatSignedMillionths(*value) != measure.value()) {
      return Invalid(absl::StrCat("\"", measure.name(), "\" is \"",
                                  measure.value(),
                                  "\" (expected a decimal with 6 digits after "
                                  "the point)"));
    }
    if (measure.name() <= last) {
      return Invalid(absl::StrCat("measure \"", measure.name(),
                                  "\" follows \"", last,
                                  "\" (expected ascending names)"));
    }
    last = measure.name();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Observed> ParseObservation(std::string_view text) {
  Observed observed;
  evaluator::Observation& record = observed.record;
  PEDIGREE_RETURN_IF_ERROR(ParseCanonicalRecord(text, kWhat, &record));
  if (record.schema_version() != kObservationSchema) {
    return Invalid(absl::StrCat("\"schema_version\" is \"",
                                record.schema_version(), "\" (expected \"",
                                kObservationSchema, "\")"));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckName(kWhat, "machine", record.machine()));
  PEDIGREE_RETURN_IF_ERROR(CheckName(kWhat, "suite", record.suite()));
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(record.assembly_digest()).status());
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(record.suite_digest()).status());
  PEDIGREE_RETURN_IF_ERROR(ParseDigest(record.sidecar_digest()).status());
  PEDIGREE_RETURN_IF_ERROR(CheckMeasures(record));
  observed.digest = Sha256(text).ToString();
  return observed;
}

std::optional<int64_t> MeasureOn(const evaluator::Observation& observation,
                                 std::string_view machine,
                                 std::string_view measure) {
  if (observation.machine() != machine) return std::nullopt;
  for (const evaluator::Measure& taken : observation.measures()) {
    if (taken.name() == measure) return ParseMillionths(taken.value());
  }
  return std::nullopt;
}

}  // namespace pedigree
