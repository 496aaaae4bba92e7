#include "release/statements/vsa.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "release/statements/statement.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

StatementParts Parts() {
  StatementParts parts;
  parts.packet = Sha256("manifest");
  parts.record.set_name("sample");
  parts.record.set_version("1.0.0");
  evaluator::PolicyReference& policy =
      *parts.contents.decision.record.mutable_policy();
  policy.set_name("gate");
  policy.set_version("2");
  policy.set_digest(Sha256("gate policy").ToString());
  return parts;
}

VsaRequest Request() {
  VsaRequest request;
  request.verifier_id = "https://auditor.example/v1";
  request.attestations = {{"claims.intoto.jsonl#eval", Sha256("eval")}};
  return request;
}

TEST(VsaTest, SaysWhatTheStandardAsksFor) {
  const absl::StatusOr<Json> vsa = MakeVsa(Parts(), Request());
  ASSERT_TRUE(vsa.ok()) << vsa.status();
  const Json& predicate = (*vsa)["predicate"];
  EXPECT_EQ((*vsa)["subject"][0]["digest"]["sha256"], Sha256("manifest").Hex());
  EXPECT_EQ(predicate["verifier"]["id"], "https://auditor.example/v1");
  EXPECT_EQ(predicate["resourceUri"],
            "https://pedigree.dev/packets/sample@1.0.0");
  EXPECT_EQ(predicate["policy"]["digest"]["sha256"],
            Sha256("gate policy").Hex());
  EXPECT_EQ(predicate["inputAttestations"][0]["digest"]["sha256"],
            Sha256("eval").Hex());
  EXPECT_EQ(predicate["verificationResult"], "PASSED");
  EXPECT_FALSE(predicate.contains("timeVerified"));
  const absl::StatusOr<Statement> statement =
      ParseStatement(CanonicalJson(*vsa), "vsa");
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_TRUE(CheckVsa(statement->json).ok());
}

// slsa-verifier 2.7.1 refuses every "SLSA_" level but SLSA_<track>_LEVEL_<n>.
TEST(VsaTest, LevelsAreThoseThatVerifiersTake) {
  VsaRequest request = Request();
  request.reproduced = true;
  const Json vsa = *MakeVsa(Parts(), request);
  EXPECT_EQ(vsa["predicate"]["verifiedLevels"],
            Json::array({"PEDIGREE_EVAL_GATE_PASSED", "SLSA_BUILD_LEVEL_1",
                         "PEDIGREE_REPRODUCED"}));
  const Json plain = *MakeVsa(Parts(), Request());
  EXPECT_EQ(plain["predicate"]["verifiedLevels"].size(), 2u);
}

TEST(VsaTest, NamesTheClaimPolicyByItsUriMember) {
  VsaRequest request = Request();
  request.claim_policy = Sha256("claim policy");
  const Json vsa = *MakeVsa(Parts(), request);
  EXPECT_EQ(vsa["predicate"]["https://pedigree.dev/vsa/claim_policy"]["digest"]
               ["sha256"],
            Sha256("claim policy").Hex());
}

TEST(VsaTest, RefusesIdsThatAreNoUris) {
  for (const std::string id : {"", "auditor", "http://auditor.example",
                               "https://", "https://a b"}) {
    VsaRequest request = Request();
    request.verifier_id = id;
    EXPECT_EQ(MakeVsa(Parts(), request).status().code(),
              absl::StatusCode::kInvalidArgument)
        << id;
  }
  VsaRequest request = Request();
  request.resource_uri = "packets/sample";
  EXPECT_TRUE(absl::StrContains(MakeVsa(Parts(), request).status().message(),
                                "Invalid resource URI"));
}

TEST(VsaTest, RefusesSummariesThatLackSomethingOrSayNo) {
  const auto refused = [](const char* pointer, const Json& value,
                          std::string_view phrase) {
    Json vsa = *MakeVsa(Parts(), Request());
    vsa["predicate"][Json::json_pointer(pointer)] = value;
    const absl::Status status = CheckVsa(vsa);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << pointer;
    EXPECT_TRUE(absl::StrContains(status.message(), phrase)) << status;
  };
  refused("/verificationResult", "FAILED",
          "verificationResult is \"FAILED\" (expected \"PASSED\")");
  refused("/verifier", Json::object(), "predicate/verifier/id is not a text");
  refused("/resourceUri", 1, "predicate/resourceUri");
  refused("/policy", Json::object(), "predicate/policy/uri");
  refused("/verifiedLevels", "SLSA_BUILD_LEVEL_1", "verifiedLevels");
}

}  // namespace
}  // namespace pedigree
