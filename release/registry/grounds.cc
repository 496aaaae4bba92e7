#include "release/registry/grounds.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/registry/signed_statement.h"

namespace pedigree {
namespace {

class Check {
 public:
  Check(const RegistryPolicy& policy, const Grounds& grounds,
        const Ledger& ledger, uint64_t size)
      : policy_(policy), grounds_(grounds), ledger_(ledger), size_(size) {}

  std::vector<std::string> Run() {
    const std::string& action = grounds_.decision.action();
    if (action == "promote") {
      CheckPromotion();
    } else {
      RequireApprovals(action == "rollback"
                           ? policy_.record().rollback_approvals()
                           : policy_.record().policy_approvals(),
                       {});
    }
    return std::move(lacking_);
  }

 private:
  void CheckPromotion() {
    const std::string& state = grounds_.decision.state();
    const registry::StateRule* rule = policy_.RuleFor(state);
    if (rule == nullptr) {
      lacking_.push_back(
          absl::StrCat("the policy in force has no rule for ", state));
      return;
    }
    lacking_ = CheckRule(*rule, grounds_.record);
    RequireApprovals(rule->approvals(),
                     {rule->signers().begin(), rule->signers().end()});
    RequireClaims(*rule);
  }

  void RequireApprovals(uint32_t count, const std::set<std::string>& signers) {
    registry::Approval wanted = grounds_.decision;
    wanted.set_registry(ledger_.Id());
    const std::vector<PublicKey> keys = policy_.KeysOf(signers);
    std::set<std::string> approved;
    for (const NamedEnvelope& approval : grounds_.approvals) {
      const absl::StatusOr<SignedStatement> statement =
          OpenStatement(approval.text, approval.name, keys);
      absl::Status status = statement.status();
      if (status.ok()) {
        status =
            CheckApproval(*statement, approval.name, wanted, ledger_, size_);
      }
      if (!status.ok()) {
        lacking_.push_back(std::string(status.message()));
        continue;
      }
      approved.insert(statement->key_ids.begin(), statement->key_ids.end());
    }
    if (approved.size() < count) {
      lacking_.push_back(absl::StrCat("approved by ", approved.size(),
                                      " signers (expected ", count, ")"));
    }
  }

  void RequireClaims(const registry::StateRule& rule) {
    std::set<std::string> shown;
    for (const NamedEnvelope& claim : grounds_.claims) {
      const absl::StatusOr<SignedStatement> statement =
          OpenStatement(claim.text, claim.name, policy_.keys());
      if (!statement.ok()) {
        lacking_.push_back(std::string(statement.status().message()));
      } else if (std::find(statement->subjects.begin(),
                           statement->subjects.end(),
                           grounds_.decision.artifact()) ==
                 statement->subjects.end()) {
        lacking_.push_back(absl::StrCat("Refused ", claim.name,
                                        ": it is not about ",
                                        grounds_.decision.artifact()));
      } else {
        shown.insert(statement->predicate_type);
      }
    }
    for (const std::string& type : rule.claims()) {
      if (shown.count(type) == 0) {
        lacking_.push_back(
            absl::StrCat("no signed claim of type ", type, " is shown"));
      }
    }
  }

  const RegistryPolicy& policy_;
  const Grounds& grounds_;
  const Ledger& ledger_;
  const uint64_t size_;
  std::vector<std::string> lacking_;
};

}  // namespace

std::vector<std::string> CheckGrounds(const RegistryPolicy& policy,
                                      const Grounds& grounds,
                                      const Ledger& ledger, uint64_t size) {
  return Check(policy, grounds, ledger, size).Run();
}

}  // namespace pedigree
