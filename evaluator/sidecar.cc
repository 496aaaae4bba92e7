#include "evaluator/sidecar.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "evaluator/run_record.h"
#include "runtime/base/json.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/sidecar.h"

namespace pedigree {
absl::StatusOr<Evidence> ParseSidecar(std::string_view text) {
  constexpr std::string_view kWhat = "sidecar";
  Evidence evidence;
  PEDIGREE_RETURN_IF_ERROR(
      ParseCanonicalRecord(text, kWhat, &evidence.record));
  PEDIGREE_ASSIGN_OR_RETURN(RunRecord run, ReadRun(kWhat, evidence.record));
  if (run.results.empty()) {
    return absl::InvalidArgumentError("Invalid sidecar: no cases");
  }
  if (const absl::Status status = ApplyRunEnd(run.facts, run.results);
      !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid sidecar: ", status.message()));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Json json, ParseJson(text, kWhat));
  PEDIGREE_RETURN_IF_ERROR(
      CheckRecord(kWhat, json, SidecarJson(run.facts, run.results)));
  evidence.digest = Sha256(text).ToString();
  evidence.counted = json.at("counted");
  return evidence;
}

const evaluator::CaseResult* FindCase(const evaluator::Sidecar& sidecar,
                                      std::string_view id) {
  const auto found = std::lower_bound(
      sidecar.cases().begin(), sidecar.cases().end(), id,
      [](const evaluator::CaseResult& result, std::string_view wanted) {
        return result.id() < wanted;
      });
  if (found == sidecar.cases().end() || found->id() != id) return nullptr;
  return &*found;
}

const evaluator::Sidecar* FindSuite(const std::vector<Evidence>& list,
                                    std::string_view name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Evidence& evidence) {
        return evidence.record.suite().name() == name;
      });
  return found == list.end() ? nullptr : &found->record;
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
