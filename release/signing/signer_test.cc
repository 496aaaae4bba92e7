#include "release/signing/signer.h"

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

// A signer that keeps the request and says `output`.
std::string Script(std::string_view output) {
  const std::string path = absl::StrCat(testing::TempDir(), "/signer.sh");
  const std::string body =
      absl::StrCat("#!/bin/sh\ncat >", testing::TempDir(), "/request\n",
                   "cat <<'END'\n", output, "\nEND\n");
  EXPECT_TRUE(WriteFileAtomically(path, body).ok());
  EXPECT_EQ(chmod(path.c_str(), 0755), 0);
  return path;
}

std::string Signature(std::string_view pem, std::string_view payload) {
  KeySigner signer(SampleKey(pem));
  return EncodeBase64(*signer.Sign("type", payload));
}

TEST(SignerTest, ProgramSignsWhatItIsAskedFor) {
  const PublicKey key = SampleKey(kP256PrivatePem).public_key();
  ProgramSigner signer(Script(Signature(kP256PrivatePem, "payload")), key);
  const absl::StatusOr<DsseEnvelope> envelope =
      SignEnvelope("type", "payload", signer);
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(ValidSigners(*envelope, {key}).size(), 1u);

  const absl::StatusOr<std::string> request =
      ReadFile(absl::StrCat(testing::TempDir(), "/request"));
  ASSERT_TRUE(request.ok());
  const Json json = *ParseJson(*request, "request");
  EXPECT_EQ(json["schema_version"], "pedigree.signing_request.v1");
  EXPECT_EQ(json["algorithm"], "ECDSA P-256");
  EXPECT_EQ(json["key_id"], key.id());
  EXPECT_EQ(json["payload_type"], "type");
  EXPECT_EQ(*DecodeBase64(json["payload"].get<std::string>(), "payload"),
            "payload");
  EXPECT_EQ(*DecodeBase64(json["pae"].get<std::string>(), "pae"),
            PreAuthEncoding("type", "payload"));
}

TEST(SignerTest, SignaturesOfOtherKeysAndPayloadsAreRefused) {
  const PublicKey key = SampleKey(kP256PrivatePem).public_key();
  for (const std::string& signature :
       {Signature(kDssePrivatePem, "payload"),
        Signature(kP256PrivatePem, "another payload")}) {
    ProgramSigner signer(Script(signature), key);
    const absl::Status status = signer.Sign("type", "payload").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(absl::StrContains(status.message(),
                                  absl::StrCat("is not of key ", key.id())))
        << status;
  }
}

TEST(SignerTest, OutputThatIsNoSignatureIsRefused) {
  ProgramSigner signer(Script("please wait"),
                       SampleKey(kP256PrivatePem).public_key());
  const absl::Status status = signer.Sign("type", "payload").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "not padded base64"))
      << status;
}

}  // namespace
}  // namespace pedigree
