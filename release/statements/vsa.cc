#include "release/statements/vsa.h"

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "release/printable.h"
#include "release/statements/claim_kind.h"
#include "release/statements/statement.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Extensions of this predicate have URIs for names.
constexpr char kClaimPolicyMember[] = "https://pedigree.dev/vsa/claim_policy";

absl::Status CheckUri(std::string_view what, std::string_view uri) {
  constexpr std::string_view kScheme = "https://";
  if (absl::StartsWith(uri, kScheme) && uri.size() > kScheme.size() &&
      uri.size() <= 2048 && Printable(uri, 2048) == uri &&
      !absl::StrContains(uri, ' ')) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid ", what, ": \"", Printable(uri, 120),
                   "\" (expected a URI that begins with https://)"));
}

Json Sha256Set(const Digest& digest) {
  return Json::object({{"sha256", digest.Hex()}});
}

// The gate's policy, which the evidence passed.
absl::StatusOr<Json> Policy(const StatementParts& parts) {
  const evaluator::PolicyReference& policy =
      parts.contents.decision.record.policy();
  PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(policy.digest()));
  return Json::object(
      {{"digest", Sha256Set(digest)},
       {"uri", absl::StrCat("https://pedigree.dev/policies/", policy.name(),
                            "@", policy.version())}});
}

// slsa-verifier takes no level that begins with "SLSA_" but SLSA_<track>_LEVEL_n,
// so that the property SLSA_BUILD_REPRODUCED would spoil the rest.
Json Levels(const VsaRequest& request) {
  Json levels =
      Json::array({"PEDIGREE_EVAL_GATE_PASSED", "SLSA_BUILD_LEVEL_1"});
  if (request.reproduced) levels.push_back("PEDIGREE_REPRODUCED");
  return levels;
}

absl::Status CheckString(const Json& predicate, const char* pointer) {
  const Json::json_pointer place(pointer);
  if (predicate.contains(place) && predicate[place].is_string() &&
      !predicate[place].get_ref<const std::string&>().empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("predicate", pointer, " is not a text"));
}

}  // namespace

absl::StatusOr<Json> MakeVsa(const StatementParts& parts,
                             const VsaRequest& request) {
  const std::string resource =
      request.resource_uri.empty()
          ? absl::StrCat("https://pedigree.dev/packets/", parts.record.name(),
                         "@", parts.record.version())
          : request.resource_uri;
  PEDIGREE_RETURN_IF_ERROR(CheckUri("verifier id", request.verifier_id));
  PEDIGREE_RETURN_IF_ERROR(CheckUri("resource URI", resource));
  PEDIGREE_ASSIGN_OR_RETURN(Json policy, Policy(parts));
  Json attestations = Json::array();
  for (const auto& [uri, digest] : request.attestations) {
    attestations.push_back(
        Json::object({{"digest", Sha256Set(digest)}, {"uri", uri}}));
  }
  Json predicate = Json::object(
      {{"inputAttestations", std::move(attestations)},
       {"policy", std::move(policy)},
       {"resourceUri", resource},
       {"slsaVersion", "1.0"},
       {"verificationResult", "PASSED"},
       {"verifiedLevels", Levels(request)},
       {"verifier", Json::object({{"id", request.verifier_id}})}});
  if (request.claim_policy.has_value()) {
    predicate[kClaimPolicyMember] =
        Json::object({{"digest", Sha256Set(*request.claim_policy)}});
  }
  Json subject = Json::object({{"digest", Sha256Set(parts.packet)},
                               {"name", kPacketSubject}});
  return Json::object({{"_type", kStatementType},
                       {"predicate", std::move(predicate)},
                       {"predicateType", PredicateType(ClaimKind::kVsa)},
                       {"subject", Json::array({std::move(subject)})}});
}

absl::Status CheckVsa(const Json& statement) {
  const Json& predicate = statement["predicate"];
  for (const char* pointer :
       {"/verifier/id", "/resourceUri", "/policy/uri", "/verificationResult"}) {
    PEDIGREE_RETURN_IF_ERROR(CheckString(predicate, pointer));
  }
  if (!predicate.contains("verifiedLevels") ||
      !predicate["verifiedLevels"].is_array()) {
    return absl::InvalidArgumentError(
        "predicate/verifiedLevels is not a list");
  }
  const std::string& result =
      predicate["verificationResult"].get_ref<const std::string&>();
  if (result == "PASSED") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("predicate/verificationResult is \"", Printable(result, 40),
                   "\" (expected \"PASSED\")"));
}

}  // namespace pedigree
