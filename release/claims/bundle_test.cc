#include "release/claims/bundle.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "release/statements/statement.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

SigstoreBundle Sample() {
  return {"hint", {"type", "payload", {{"", "signature"}}}};
}

TEST(BundleTest, KeyFormHasOnlyTheAllowedMembers) {
  EXPECT_EQ(
      WriteBundle(Sample()),
      R"({"dsseEnvelope":{"payload":"cGF5bG9hZA==","payloadType":"type",)"
      R"("signatures":[{"sig":"c2lnbmF0dXJl"}]},)"
      R"("mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",)"
      R"("verificationMaterial":{"publicKey":{"hint":"hint"}}})");
}

TEST(BundleTest, ReadsBack) {
  const absl::StatusOr<SigstoreBundle> bundle =
      ParseBundle(WriteBundle(Sample()), "bundle");
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  EXPECT_EQ(bundle->hint, "hint");
  EXPECT_EQ(bundle->envelope.payload, "payload");
  EXPECT_EQ(WriteBundle(*bundle), WriteBundle(Sample()));
}

// As `sha256sum` prints it of the PEM file, which is how model_signing 1.x
// names keys.
TEST(BundleTest, OmsHintIsTheDigestOfThePem) {
  EXPECT_EQ(OmsKeyHint(SampleKey(kP256PrivatePem).public_key()),
            Sha256(kP256PublicPem).Hex());
}

// OpenSSF Model Signing's test vector v1.0/valid/key.bundle.json, whose
// signature is of a P-384 key.
constexpr std::string_view kPublishedBundle = R"({
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {
        "publicKey": {
            "hint": "e8450dec4eb99dae995da9af1bc2cc9f76ed669ee2e744f57abba763df3e3f8e"
        },
        "tlogEntries": []
    },
    "dsseEnvelope": {
        "payload": ")"
"ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3Vi"
"amVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAibW9kZWwiLAogICAgICAiZGlnZXN0Ijog"
"ewogICAgICAgICJzaGEyNTYiOiAiOTI3NDUxMTBiMWFiNDM2ODQ3MWNiZTMxNjY0ZTEwMTc0"
"ZTk1NGIxMTNhM2RmMzMzZGI4NjAzMTdiMmM2ZGVjNCIKICAgICAgfQogICAgfQogIF0sCiAg"
"InByZWRpY2F0ZVR5cGUiOiAiaHR0cHM6Ly9tb2RlbF9zaWduaW5nL3NpZ25hdHVyZS92MS4w"
"IiwKICAicHJlZGljYXRlIjogewogICAgInJlc291cmNlcyI6IFsKICAgICAgewogICAgICAg"
"ICJkaWdlc3QiOiAiYmM5YTcxN2RiNjA2NGEzMmNiZTllYWU2ZmM0MDY1MWRkNmQzNmVmMTc1"
"NzE4M2Y1OTBlZmYyYjE3NjVkN2ViYyIsCiAgICAgICAgImFsZ29yaXRobSI6ICJzaGEyNTYi"
"LAogICAgICAgICJuYW1lIjogInNpZ25tZS0xIgogICAgICB9LAogICAgICB7CiAgICAgICAg"
"ImRpZ2VzdCI6ICIzMmRjYjFmOGUxYWU1MmQ1OTYzZTU2YTZiYTA2YWI1OGI0MjRjMTVlZDJh"
"NmI3MGQyZmVjYTFkMDg5MzcwMDI4IiwKICAgICAgICAiYWxnb3JpdGhtIjogInNoYTI1NiIs"
"CiAgICAgICAgIm5hbWUiOiAic2lnbm1lLTIiCiAgICAgIH0KICAgIF0sCiAgICAic2VyaWFs"
"aXphdGlvbiI6IHsKICAgICAgIm1ldGhvZCI6ICJmaWxlcyIsCiAgICAgICJpZ25vcmVfcGF0"
"aHMiOiBbCiAgICAgICAgIi5naXRhdHRyaWJ1dGVzIiwKICAgICAgICAiLmdpdGh1YiIsCiAg"
"ICAgICAgImlnbm9yZS1tZSIsCiAgICAgICAgIi5naXRpZ25vcmUiLAogICAgICAgICIuZ2l0"
"IgogICAgICBdLAogICAgICAiaGFzaF90eXBlIjogInNoYTI1NiIsCiAgICAgICJhbGxvd19z"
"eW1saW5rcyI6IGZhbHNlCiAgICB9CiAgfQp9"
R"(",
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [
            {
                "sig": "MGQCMDNHlJBKxhHVeSWQ+RWXT2LKSOcd3fF6jQLxRs8zdXnJI9Ff8zKrDeMLvprDzqzKZQIwQmpMu2WZsNmlfMD+5S0UqwBnJ3/xLPjO+bYmBn/c5fg80jHloGe9fmjR5d57Y1XM",
                "keyid": ""
            }
        ]
    }
}
)";

TEST(BundleTest, ReadsThePublishedOmsBundle) {
  const absl::StatusOr<SigstoreBundle> bundle =
      ParseBundle(kPublishedBundle, "bundle");
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  const absl::StatusOr<Statement> statement =
      ParseStatement(bundle->envelope.payload, "bundle");
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->kind, ClaimKind::kOms);
  EXPECT_EQ(statement->subjects[0].Hex(),
            "92745110b1ab4368471cbe31664e10174e954b113a3df333db860317b2c6dec4");
}

void ExpectRefused(const char* pointer, const Json& value,
                   absl::StatusCode code, std::string_view phrase) {
  Json json = *ParseJson(WriteBundle(Sample()), "bundle");
  json[Json::json_pointer(pointer)] = value;
  const absl::Status status = ParseBundle(json.dump(), "bundle").status();
  EXPECT_EQ(status.code(), code) << pointer << ": " << status;
  EXPECT_TRUE(absl::StrContains(status.message(), phrase)) << status;
}

TEST(BundleTest, RefusesOtherForms) {
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  ExpectRefused("/mediaType", "application/vnd.dev.sigstore.bundle+json",
                kInvalid, "mediaType is \"application/vnd.dev");
  ExpectRefused("/more", 1, kInvalid, "more");
  ExpectRefused("/messageSignature", Json::object(), kInvalid,
                "messageSignature");
  ExpectRefused("/dsseEnvelope/signatures", Json::array(), kInvalid,
                "\"signatures\" is not a list with an entry");
  ExpectRefused("/dsseEnvelope/signatures/1", Json::object({{"sig", "AAAA"}}),
                kInvalid, "2 signatures (expected 1)");
  ExpectRefused("/verificationMaterial/publicKey", Json::object(), kInvalid,
                "hint");
  ExpectRefused("/verificationMaterial/publicKey/rawBytes", "AAAA", kInvalid,
                "rawBytes");
}

TEST(BundleTest, RefusesCertificatesAndLogsByName) {
  for (const char* member : {"certificate", "x509CertificateChain",
                             "tlogEntries", "timestampVerificationData"}) {
    ExpectRefused((std::string("/verificationMaterial/") + member).c_str(),
                  Json::array({"entry"}), absl::StatusCode::kUnimplemented,
                  member);
  }
}

}  // namespace
}  // namespace pedigree
