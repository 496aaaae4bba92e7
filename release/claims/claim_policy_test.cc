#include "release/claims/claim_policy.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "release/claims/claims.pb.h"
#include "release/claims/sign.h"
#include "release/claims/times.h"
#include "release/signing/signer.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

constexpr std::string_view kPolicy = R"(
schema_version: "pedigree.claim_policy.v1"
name: "releases"
version: "3"
expires: "2028-01-01T00:00:00Z"
signers {
  name: "ci"
  keys {
    key_id: "5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4"
    public_key: "-----BEGIN PUBLIC KEY-----\n"
                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
                "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
                "-----END PUBLIC KEY-----\n"
    not_before: "2026-06-01T00:00:00Z"
    not_after: "2027-06-01T00:00:00Z"
  }
  keys {
    # The key before, kept for what it signed.
    key_id: "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"
    packets: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
  }
}
claims { kind: "eval" signers: "ci" threshold: 1 }
claims { kind: "provenance" signers: "ci" threshold: 1 }
revocations { signers: "ci" min_sequence: 4 required: true }
)";

std::vector<PublicKey> GivenKeys() {
  return {SampleKey(kEd25519PrivatePem).public_key()};
}

absl::Time Now() { return *ParseUtc("2027-01-01T00:00:00Z", "now"); }

void ExpectStatus(const absl::Status& status, absl::StatusCode code,
                  std::string_view phrase) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), phrase))
      << status << "\nexpected: " << phrase;
}

TEST(ClaimPolicyTest, ReadsEveryPart) {
  const absl::StatusOr<TrustedKeys> trust =
      ParseClaimPolicy(kPolicy, GivenKeys());
  ASSERT_TRUE(trust.ok()) << trust.status();
  EXPECT_EQ(trust->name, "releases 3");
  EXPECT_TRUE(trust->digest.has_value());
  EXPECT_EQ(FormatUtc(*trust->expires), "2028-01-01T00:00:00Z");
  ASSERT_EQ(trust->keys.size(), 2u);
  EXPECT_EQ(trust->keys[0].signer, "ci");
  EXPECT_EQ(trust->keys[1].packets, (std::set<Digest>{Sha256("foo")}));
  EXPECT_EQ(trust->claims.size(), 2u);
  EXPECT_EQ(trust->claims.at(ClaimKind::kEval).threshold, 1u);
  EXPECT_EQ(trust->revocations.min_sequence, 4u);
}

TEST(ClaimPolicyTest, DigestIsOfTheContentAndNotOfTheText) {
  const std::string commented = absl::StrCat("# a comment\n", kPolicy);
  EXPECT_EQ(ParseClaimPolicy(commented, GivenKeys())->digest,
            ParseClaimPolicy(kPolicy, GivenKeys())->digest);
}

TEST(ClaimPolicyTest, KeysHaveTimesAndPackets) {
  const TrustedKeys trust = *ParseClaimPolicy(kPolicy, GivenKeys());
  const Digest foo = Sha256("foo");
  EXPECT_EQ(WhyNotAccepted(trust.keys[0], foo, Now()), "");
  EXPECT_TRUE(absl::StrContains(
      WhyNotAccepted(trust.keys[0], foo,
                     *ParseUtc("2026-05-31T23:59:59Z", "t")),
      "is accepted from 2026-06-01T00:00:00Z"));
  EXPECT_TRUE(absl::StrContains(
      WhyNotAccepted(trust.keys[0], foo,
                     *ParseUtc("2027-06-01T00:00:00Z", "t")),
      "was accepted until 2027-06-01T00:00:00Z"));
  EXPECT_EQ(WhyNotAccepted(trust.keys[1], foo, Now()), "");
  EXPECT_TRUE(absl::StrContains(
      WhyNotAccepted(trust.keys[1], Sha256("bar"), Now()), "is retired"));
}

struct PolicyDefect {
  std::string from;
  std::string to;
  std::string phrase;
};

TEST(ClaimPolicyTest, RefusesWhatIsNoPolicy) {
  const PolicyDefect defects[] = {
      {"claim_policy.v1", "claim_policy.v2", "schema_version is"},
      {"name: \"releases\"", "name: \"\"", "name or version is empty"},
      {"expires: \"2028-01-01T00:00:00Z\"", "expires: \"2028\"",
       "Invalid claim policy expires: \"2028\""},
      {"expires:", "expiry:", "claim policy"},
      {"name: \"ci\"", "name: \"\"", "has no name"},
      {"kind: \"eval\"", "kind: \"evals\"", "rule \"evals\": no kind of claim"},
      {"kind: \"eval\"", "kind: \"provenance\"", "comes twice"},
      {"\"eval\" signers: \"ci\"", "\"eval\" signers: \"me\"",
       "signer \"me\" is unknown"},
      {"\"eval\" signers: \"ci\"", "\"eval\" signers: \"ci\" signers: \"ci\"",
       "comes twice"},
      {"signers: \"ci\" threshold: 1 }\nclaims { kind: \"p",
       "signers: \"ci\" threshold: 2 }\nclaims { kind: \"p",
       "threshold is 2 (expected 1 to 1"},
      {"signers: \"ci\" threshold: 1 }\nclaims { kind: \"p",
       "signers: \"ci\" }\nclaims { kind: \"p", "threshold is 0"},
      {"key_id: \"5a7a", "key_id: \"5a7b", "key_id is \"5a7b"},
      {"key_id: \"06e3", "key_id: \"06e4",
       "has no public_key and is not given"},
      {"not_after: \"2027", "not_after: \"2026", "expected later than"},
      {"not_before: \"2026-06", "not_before: \"2026-6", "not_before"},
      {"packets: \"sha256:2c", "packets: \"sha256:2C", "Invalid digest"},
      {"MFkwEwYH", "MFkwEwYI", "claim policy signer ci"},
      {"revocations { signers: \"ci\"", "revocations {",
       "neither signers nor digest is set"},
      {"revocations { signers: \"ci\"", "revocations { digest: \"abc\"",
       "Invalid digest"},
  };
  for (const PolicyDefect& defect : defects) {
    const std::string text =
        absl::StrReplaceAll(kPolicy, {{defect.from, defect.to}});
    ASSERT_NE(text, kPolicy) << defect.from;
    const absl::Status status = ParseClaimPolicy(text, GivenKeys()).status();
    EXPECT_FALSE(status.ok()) << defect.from;
    EXPECT_TRUE(absl::StrContains(status.message(), defect.phrase))
        << defect.from << ": " << status;
  }
}

TEST(ClaimPolicyTest, GivenKeysMustBeThePolicys) {
  std::vector<PublicKey> keys = GivenKeys();
  keys.push_back(SampleKey(kDssePrivatePem).public_key());
  ExpectStatus(ParseClaimPolicy(kPolicy, keys).status(),
               absl::StatusCode::kInvalidArgument, "is of none of its signers");
}

TEST(ClaimPolicyTest, AKeyOfTwoSignersIsRefused) {
  const std::string text = absl::StrCat(
      kPolicy, "signers { name: \"twin\" keys { key_id: \"",
      SampleKey(kEd25519PrivatePem).public_key().id(), "\" } }");
  ExpectStatus(ParseClaimPolicy(text, GivenKeys()).status(),
               absl::StatusCode::kInvalidArgument, "comes twice");
}

std::string List(uint64_t sequence, const std::string& expires = "") {
  claims::Revocations list;
  list.set_schema_version("pedigree.revocations.v1");
  list.set_sequence(sequence);
  list.set_expires(expires);
  claims::RevokedKey* key = list.add_keys();
  key->set_key_id(SampleKey(kDssePrivatePem).public_key().id());
  key->set_reason("stolen");
  list.add_packets()->set_digest(Sha256("foo").ToString());
  return CanonicalRecord(list);
}

std::string SignedList(std::string_view list, std::string_view pem) {
  KeySigner signer(SampleKey(pem));
  return *SignRevocations(std::string(list), signer);
}

TrustedKeys Trust() { return *ParseClaimPolicy(kPolicy, GivenKeys()); }

TEST(RevocationsTest, ASignedListIsBelieved) {
  const absl::StatusOr<RevocationList> list =
      ReadRevocations(SignedList(List(4), kP256PrivatePem), Trust(), Now());
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->sequence, 4u);
  EXPECT_EQ(list->keys.begin()->second, "stolen");
  EXPECT_EQ(list->packets.count(Sha256("foo")), 1u);
}

TEST(RevocationsTest, ABareListIsBelievedByItsDigest) {
  TrustedKeys trust = Trust();
  trust.revocations.digest = Sha256(List(4));
  EXPECT_TRUE(ReadRevocations(List(4), trust, Now()).ok());
  ExpectStatus(ReadRevocations(List(5), trust, Now()).status(),
               absl::StatusCode::kFailedPrecondition, "digest is sha256:");
}

TEST(RevocationsTest, ListsThatAreNotToBeBelievedAreRefused) {
  const auto kRefused = absl::StatusCode::kFailedPrecondition;
  ExpectStatus(ReadRevocations(List(4), Trust(), Now()).status(), kRefused,
               "not signed");
  ExpectStatus(
      ReadRevocations(SignedList(List(4), kDssePrivatePem), Trust(), Now())
          .status(),
      kRefused, "signed by none of the keys that may");
  // A retired key could otherwise bring back what it revoked.
  ExpectStatus(
      ReadRevocations(SignedList(List(4), kEd25519PrivatePem), Trust(), Now())
          .status(),
      kRefused, "is accepted for packets only");
  ExpectStatus(
      ReadRevocations(SignedList(List(3), kP256PrivatePem), Trust(), Now())
          .status(),
      kRefused, "sequence is 3 (expected 4 or more)");
  ExpectStatus(
      ReadRevocations(
          SignedList(List(4, "2027-01-01T00:00:00Z"), kP256PrivatePem), Trust(),
          Now())
          .status(),
      kRefused, "expired at 2027-01-01T00:00:00Z");
  ExpectStatus(
      ReadRevocations(SignedList(List(4), kP256PrivatePem), Trust(),
                      *ParseUtc("2027-06-01T00:00:00Z", "t"))
          .status(),
      kRefused, "was accepted until");
  KeySigner signer(SampleKey(kP256PrivatePem));
  const DsseEnvelope statement =
      *SignEnvelope(kInTotoPayloadType, List(4), signer);
  ExpectStatus(ReadRevocations(CanonicalJson(EnvelopeToJson(statement)),
                               Trust(), Now())
                   .status(),
               kRefused, "payloadType is \"application/vnd.in-toto+json\"");
}

TEST(RevocationsTest, RefusesWhatIsNoList) {
  const auto refused = [](std::string_view from, std::string_view to,
                          std::string_view phrase) {
    const std::string text = absl::StrReplaceAll(List(4), {{from, to}});
    ASSERT_NE(text, List(4)) << from;
    ExpectStatus(ParseRevocations(text).status(),
                 absl::StatusCode::kInvalidArgument, phrase);
  };
  refused("revocations.v1", "revocations.v2", "schema_version is");
  refused("\"sequence\":\"4\"", "\"sequence\":4", "not in canonical form");
  refused("\"expires\":\"\"", "\"expires\":\"soon\"", "revocations expires");
  refused("\"reason\":\"stolen\"", "\"reason\":\"stolen\",\"more\":1", "more");
  refused("\"key_id\":\"f793", "\"key_id\":\"F793", "key_id is");
  refused("sha256:2c26", "sha256:2C26", "Invalid digest");
  claims::Revocations twice;
  twice.set_schema_version("pedigree.revocations.v1");
  for (int i = 0; i < 2; ++i) {
    twice.add_packets()->set_digest(Sha256("foo").ToString());
  }
  ExpectStatus(ParseRevocations(CanonicalRecord(twice)).status(),
               absl::StatusCode::kInvalidArgument, "comes twice");
}

}  // namespace
}  // namespace pedigree
