#include "release/statements/statement_faults.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "release/printable.h"
#include "release/statements/statements.h"
#include "release/statements/vsa.h"
#include "runtime/base/json.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Takes the commit out of a provenance statement again: it is not in the packet,
// and whoever signs vouches for it.
//
// Errors: kInvalidArgument when what stands there is no commit.
absl::Status RemoveSourceCommit(Json& statement) {
  const Json::json_pointer place(
      "/predicate/buildDefinition/resolvedDependencies");
  if (!statement.contains(place) || !statement[place].is_array() ||
      statement[place].empty()) {
    return absl::OkStatus();
  }
  Json& list = statement[place];
  if (!list[0].is_object() ||
      list[0].value("name", Json()) != kSourceDependency) {
    return absl::OkStatus();
  }
  const Json source = list[0];
  list.erase(list.begin());
  const Json::json_pointer commit("/digest/gitCommit");
  if (!source.contains(commit) || !source[commit].is_string()) {
    return absl::InvalidArgumentError(
        "predicate.buildDefinition.resolvedDependencies[0] names no gitCommit");
  }
  Json again = statement;
  return AddSourceCommit(source[commit].get<std::string>(), again);
}

class StatementCheck {
 public:
  StatementCheck(const Statement& statement, std::string_view what)
      : statement_(statement), what_(what) {}

  absl::StatusOr<std::vector<std::string>> Run(const StatementParts& parts) {
    if (statement_.kind == ClaimKind::kVsa) {
      CheckSubject(parts.packet);
      Note("Invalid", CheckVsa(statement_.json));
    } else {
      PEDIGREE_RETURN_IF_ERROR(CheckAgainst(parts));
    }
    return std::move(faults_);
  }

 private:
  void Note(std::string_view verdict, const absl::Status& status) {
    if (status.ok()) return;
    faults_.push_back(
        absl::StrCat(verdict, " ", what_, ": ", Printable(status.message())));
  }

  bool CheckSubject(const Digest& expected) {
    const std::vector<Digest>& subjects = statement_.subjects;
    if (std::count(subjects.begin(), subjects.end(), expected) != 0) return true;
    faults_.push_back(absl::StrCat(
        "Invalid ", what_, ": it is about ", subjects[0].ToString(),
        " (expected ", expected.ToString(), ")"));
    return false;
  }

  absl::Status CheckAgainst(const StatementParts& parts) {
    PEDIGREE_ASSIGN_OR_RETURN(const Json expected,
                              MakeStatement(statement_.kind, parts));
    PEDIGREE_ASSIGN_OR_RETURN(
        const Statement expected_statement,
        ParseStatement(CanonicalJson(expected), "statement of the packet"));
    if (!CheckSubject(expected_statement.subjects[0])) return absl::OkStatus();
    Json found = statement_.json;
    if (statement_.kind == ClaimKind::kProvenance) {
      Note("Altered", RemoveSourceCommit(found));
    }
    if (!faults_.empty()) return absl::OkStatus();
    if (const auto difference = FindDisagreement(found, expected)) {
      faults_.push_back(absl::StrCat("Altered ", what_, ": ", *difference));
    }
    return absl::OkStatus();
  }

  const Statement& statement_;
  const std::string_view what_;
  std::vector<std::string> faults_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> FindStatementFaults(
    const Statement& statement, const StatementParts& parts,
    std::string_view what) {
  return StatementCheck(statement, what).Run(parts);
}

}  // namespace pedigree
