#include "release/registry/policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "release/printable.h"
#include "release/registry/lifecycle.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"
#include "runtime/evaluation/quality_boundary.h"

namespace pedigree {
namespace {

using registry::StateRule;

absl::Status InvalidPolicy(std::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid registry policy: ", message));
}

absl::Status CheckCount(std::string_view what, uint32_t count, size_t signers) {
  if (count <= signers) return absl::OkStatus();
  return InvalidPolicy(absl::StrCat(what, " is ", count, " (expected at most ",
                                    signers, ", the signers there are)"));
}

absl::Status CheckRuleSigners(const StateRule& rule,
                              const std::set<std::string>& names) {
  std::set<std::string> listed;
  for (const std::string& name : rule.signers()) {
    if (names.count(name) == 0) {
      return InvalidPolicy(absl::StrCat("state ", rule.state(), " names \"",
                                        Printable(name),
                                        "\" (expected one of the signers)"));
    }
    if (!listed.insert(name).second) {
      return InvalidPolicy(absl::StrCat("state ", rule.state(), " names \"",
                                        Printable(name), "\" twice"));
    }
  }
  return CheckCount(absl::StrCat("approvals of state ", rule.state()),
                    rule.approvals(),
                    listed.empty() ? names.size() : listed.size());
}

absl::Status CheckStateRule(const StateRule& rule,
                            const std::set<std::string>& names) {
  if (!IsState(rule.state()) || IsFinal(rule.state()) ||
      rule.state() == "draft") {
    return InvalidPolicy(absl::StrCat(
        "state is \"", Printable(rule.state()),
        "\" (expected candidate, shadow, canary, champion or specialist)"));
  }
  if (!rule.min_claim_level().empty() &&
      !ClaimRank(rule.min_claim_level()).has_value()) {
    return InvalidPolicy(absl::StrCat("min_claim_level is \"",
                                      Printable(rule.min_claim_level()),
                                      "\" (expected a step of the claim "
                                      "ladder), state ",
                                      rule.state()));
  }
  return CheckRuleSigners(rule, names);
}

}  // namespace

absl::StatusOr<RegistryPolicy> RegistryPolicy::Parse(std::string_view text) {
  RegistryPolicy policy;
  registry::RegistryPolicy& record = policy.record_;
  if (absl::StartsWith(text, "{")) {
    PEDIGREE_RETURN_IF_ERROR(
        ParseCanonicalRecord(text, "registry policy", &record));
  } else {
    PEDIGREE_RETURN_IF_ERROR(ParseTextRecord(text, "registry policy", &record));
  }
  if (record.schema_version() != kRegistryPolicySchema) {
    return InvalidPolicy(absl::StrCat(
        "schema_version is \"", Printable(record.schema_version()),
        "\" (expected \"", kRegistryPolicySchema, "\")"));
  }
  if (record.name().empty()) return InvalidPolicy("name is empty");
  std::set<std::string> names;
  for (registry::Signer& signer : *record.mutable_signers()) {
    if (signer.name().empty() || !names.insert(signer.name()).second) {
      return InvalidPolicy(absl::StrCat("signer \"", Printable(signer.name()),
                                        "\" has no name of its own"));
    }
    PEDIGREE_ASSIGN_OR_RETURN(
        PublicKey key,
        PublicKey::FromPem(signer.public_key(),
                           absl::StrCat("key of signer \"",
                                        Printable(signer.name()), "\"")));
    // One person with two names would count twice.
    if (std::find(policy.keys_.begin(), policy.keys_.end(), key) !=
        policy.keys_.end()) {
      return InvalidPolicy(absl::StrCat("signer \"", Printable(signer.name()),
                                        "\" has the key of another signer"));
    }
    signer.set_public_key(key.pem());
    policy.keys_.push_back(std::move(key));
  }
  std::set<std::string> states;
  for (const StateRule& rule : record.states()) {
    PEDIGREE_RETURN_IF_ERROR(CheckStateRule(rule, names));
    if (!states.insert(rule.state()).second) {
      return InvalidPolicy(
          absl::StrCat("state ", rule.state(), " has two rules"));
    }
  }
  PEDIGREE_RETURN_IF_ERROR(CheckCount(
      "rollback_approvals", record.rollback_approvals(), names.size()));
  PEDIGREE_RETURN_IF_ERROR(CheckCount(
      "policy_approvals", record.policy_approvals(), names.size()));
  policy.text_ = CanonicalRecord(record);
  policy.digest_ = Sha256(policy.text_).ToString();
  return policy;
}

const StateRule* RegistryPolicy::RuleFor(std::string_view state) const {
  for (const StateRule& rule : record_.states()) {
    if (rule.state() == state) return &rule;
  }
  return nullptr;
}

std::vector<PublicKey> RegistryPolicy::KeysOf(
    const std::set<std::string>& names) const {
  std::vector<PublicKey> keys;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const std::string& name = record_.signers(static_cast<int>(i)).name();
    if (names.empty() || names.count(name) != 0) keys.push_back(keys_[i]);
  }
  return keys;
}

std::string RegistryPolicy::NameOf(std::string_view key_id) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].id() == key_id) {
      return record_.signers(static_cast<int>(i)).name();
    }
  }
  return "";
}

std::vector<std::string> CheckRule(const StateRule& rule,
                                   const release::ReleaseRecord& record) {
  std::vector<std::string> lacking;
  if (!rule.min_claim_level().empty() &&
      ClaimRank(record.claim_level()).value_or(-1) <
          *ClaimRank(rule.min_claim_level())) {
    lacking.push_back(absl::StrCat("claim level is ", record.claim_level(),
                                   " (expected at least ",
                                   rule.min_claim_level(), ")"));
  }
  for (const std::string& name : rule.suites()) {
    const bool has = std::any_of(
        record.suites().begin(), record.suites().end(),
        [&](const release::Suite& suite) { return suite.name() == name; });
    if (!has) {
      lacking.push_back(
          absl::StrCat("the packet holds no evidence on suite ", name));
    }
  }
  return lacking;
}

}  // namespace pedigree
