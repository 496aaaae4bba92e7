#include "evaluator/policy.h"

#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/eval_case.h"
#include "runtime/evaluation/quality_boundary.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

using evaluator::GatePolicy;
using evaluator::ObservationCap;
using evaluator::ResourceCap;
using evaluator::SuitePolicy;

constexpr uint32_t kMillion = 1000000;
constexpr size_t kMaxFractionDigits = 6;

absl::Status InvalidPolicy(std::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid gate policy: ", message));
}

bool IsDigits(std::string_view text) {
  for (char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}

// A decimal, or nothing.
absl::Status CheckDecimal(std::string_view what, const std::string& text) {
  if (text.empty() || ParseMillionths(text).has_value()) {
    return absl::OkStatus();
  }
  return InvalidPolicy(absl::StrCat(
      "\"", what, "\" is \"", text.substr(0, 40),
      "\" (expected a decimal of at least 0 with at most 6 digits after the "
      "point)"));
}

absl::Status CheckRegression(const SuitePolicy& suite) {
  const auto& regression = suite.regression();
  PEDIGREE_RETURN_IF_ERROR(
      ParseUnitDecimal("min_effect", regression.min_effect()).status());
  PEDIGREE_ASSIGN_OR_RETURN(
      const uint32_t max_p_value,
      ParseUnitDecimal("max_p_value", regression.max_p_value()));
  if (max_p_value == 0) {
    return InvalidPolicy(absl::StrCat(
        "\"max_p_value\" is 0 (expected more), suite \"", suite.name(), "\""));
  }
  return CheckDecimal("max_bits_per_byte_rise",
                      regression.max_bits_per_byte_rise());
}

absl::Status CheckTags(const SuitePolicy& suite) {
  std::set<std::string> names;
  for (const evaluator::TagPolicy& tag : suite.tags()) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckName("gate policy", "suites.tags.name", tag.name()));
    PEDIGREE_RETURN_IF_ERROR(
        ParseUnitDecimal("min_pass_rate", tag.min_pass_rate()).status());
    if (!names.insert(tag.name()).second) {
      return InvalidPolicy(absl::StrCat("tag \"", tag.name(),
                                        "\" is repeated, suite \"",
                                        suite.name(), "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSuite(const SuitePolicy& suite) {
  PEDIGREE_RETURN_IF_ERROR(
      CheckName("gate policy", "suites.name", suite.name()));
  PEDIGREE_RETURN_IF_ERROR(
      ParseUnitDecimal("min_pass_rate", suite.min_pass_rate()).status());
  if (!suite.digest().empty()) {
    const absl::Status status = ParseDigest(suite.digest()).status();
    if (!status.ok()) return InvalidPolicy(status.message());
  }
  PEDIGREE_RETURN_IF_ERROR(
      CheckDecimal("max_bits_per_byte", suite.max_bits_per_byte()));
  PEDIGREE_RETURN_IF_ERROR(CheckTags(suite));
  return suite.has_regression() ? CheckRegression(suite) : absl::OkStatus();
}

absl::Status CheckSuites(const GatePolicy& policy) {
  if (policy.suites().empty()) {
    return InvalidPolicy("no suite is required");
  }
  std::set<std::string> names;
  for (const SuitePolicy& suite : policy.suites()) {
    PEDIGREE_RETURN_IF_ERROR(CheckSuite(suite));
    if (!names.insert(suite.name()).second) {
      return InvalidPolicy(
          absl::StrCat("suite \"", suite.name(), "\" is repeated"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCaps(const GatePolicy& policy) {
  std::set<std::string> counters;
  for (const ResourceCap& cap : policy.resource_caps()) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckName("gate policy", "resource_caps.counter", cap.counter()));
    if (!counters.insert(cap.counter()).second) {
      return InvalidPolicy(
          absl::StrCat("cap on \"", cap.counter(), "\" is repeated"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckObservationCaps(const GatePolicy& policy) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const ObservationCap& cap : policy.observation_caps()) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckName("gate policy", "observation_caps.machine", cap.machine()));
    PEDIGREE_RETURN_IF_ERROR(
        CheckName("gate policy", "observation_caps.measure", cap.measure()));
    PEDIGREE_RETURN_IF_ERROR(CheckDecimal("min", cap.min()));
    PEDIGREE_RETURN_IF_ERROR(CheckDecimal("max", cap.max()));
    if (cap.min().empty() && cap.max().empty()) {
      return InvalidPolicy(absl::StrCat("neither \"min\" nor \"max\" of ",
                                        cap.measure(), " on ",
                                        cap.machine()));
    }
    if (!seen.insert({cap.machine(), cap.measure()}).second) {
      return InvalidPolicy(absl::StrCat("cap on ", cap.measure(), " on ",
                                        cap.machine(), " is repeated"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPolicy(const GatePolicy& policy) {
  if (policy.schema_version() != kPolicySchema) {
    return InvalidPolicy(absl::StrCat(
        "\"schema_version\" is \"", policy.schema_version(), "\" (expected \"",
        kPolicySchema, "\")"));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckName("gate policy", "name", policy.name()));
  PEDIGREE_RETURN_IF_ERROR(
      CheckName("gate policy", "version", policy.version()));
  if (!ClaimRank(policy.claim_level()).has_value()) {
    return InvalidPolicy(absl::StrCat("unknown claim level \"",
                                      policy.claim_level(), "\""));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckSuites(policy));
  PEDIGREE_RETURN_IF_ERROR(CheckCaps(policy));
  return CheckObservationCaps(policy);
}

}  // namespace

absl::StatusOr<uint32_t> ParseUnitDecimal(std::string_view what,
                                          std::string_view text) {
  const absl::Status error = InvalidPolicy(absl::StrCat(
      "\"", what, "\" is \"", text.substr(0, 40),
      "\" (expected a decimal from 0 to 1 with at most 6 digits after the "
      "point)"));
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (whole != "0" && whole != "1") return error;
  uint32_t millionths = whole == "1" ? kMillion : 0;
  if (point != text.npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (!IsDigits(fraction) || fraction.size() > kMaxFractionDigits) {
      return error;
    }
    uint32_t unit = kMillion;
    for (char c : fraction) {
      unit /= 10;
      millionths += static_cast<uint32_t>(c - '0') * unit;
    }
  }
  if (millionths > kMillion) return error;
  return millionths;
}

absl::StatusOr<GatePolicy> ParsePolicy(std::string_view text) {
  GatePolicy policy;
  if (!text.empty() && text[0] == '{') {
    PEDIGREE_RETURN_IF_ERROR(
        ParseCanonicalRecord(text, "gate policy", &policy));
  } else {
    PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(text, "gate policy", &policy));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckPolicy(policy));
  return policy;
}

}  // namespace pedigree
