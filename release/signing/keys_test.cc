#include "release/signing/keys.h"

#include <openssl/ecdsa.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

std::string Hex(std::string_view hex) {
  std::string bytes;
  EXPECT_TRUE(absl::HexStringToBytes(hex, &bytes));
  return bytes;
}

// r and s, 32 bytes each, as the DER that our keys take.
std::string DerSignature(std::string_view r_and_s) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(r_and_s.data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr),
                 BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return text;
}

// A private key's PEM in DER, changed, in PEM again.
std::string ChangedPem(std::string_view pem, std::string_view block,
                       std::string_view from, std::string_view to) {
  const std::string begin = absl::StrCat("-----BEGIN ", block, "-----\n");
  const std::string end = absl::StrCat("\n-----END ", block, "-----\n");
  std::string der;
  EXPECT_TRUE(absl::Base64Unescape(
      pem.substr(begin.size(), pem.size() - begin.size() - end.size()), &der));
  const std::string changed = absl::StrReplaceAll(der, {{from, to}});
  EXPECT_NE(changed, der);
  const std::string text = absl::Base64Escape(changed);
  std::string lines;
  for (size_t i = 0; i < text.size(); i += 64) {
    absl::StrAppend(&lines, i == 0 ? "" : "\n", text.substr(i, 64));
  }
  return absl::StrCat(begin, lines, end);
}

void ExpectRefused(const absl::Status& status, absl::StatusCode code,
                   std::string_view phrase) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), phrase)) << status;
}

TEST(KeysTest, IdIsTheDigestOfThePublicKeyInfo) {
  // As `openssl pkey -pubin -outform DER | sha256sum` prints it.
  EXPECT_EQ(SampleKey(kEd25519PrivatePem).public_key().id(),
            "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9");
  EXPECT_EQ(SampleKey(kP256PrivatePem).public_key().id(),
            "5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4");
}

TEST(KeysTest, PublicKeysReadBackFromTheirPem) {
  for (const std::string_view pem : {kEd25519PublicPem, kP256PublicPem}) {
    const absl::StatusOr<PublicKey> key = PublicKey::FromPem(pem, "key");
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_EQ(key->pem(), pem);
  }
  EXPECT_EQ(SampleKey(kP256PrivatePem).public_key().pem(), kP256PublicPem);
  EXPECT_EQ(SampleKey(kEd25519PrivatePem).public_key().pem(),
            kEd25519PublicPem);
}

// RFC 8032, section 7.1, tests 1 and 2.
TEST(KeysTest, Ed25519SignsAsPublished) {
  EXPECT_EQ(*SampleKey(kEd25519PrivatePem).Sign(""),
            Hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"));
  EXPECT_EQ(*SampleKey(kOtherEd25519PrivatePem).Sign(Hex("72")),
            Hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
}

// RFC 6979, appendix A.2.5, SHA-256, message "sample".
TEST(KeysTest, EcdsaAcceptsThePublishedSignature) {
  const std::string signature = DerSignature(
      Hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
          "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"));
  const PublicKey key = SampleKey(kP256PrivatePem).public_key();
  EXPECT_TRUE(key.Verify("sample", signature));
  EXPECT_FALSE(key.Verify("Sample", signature));
}

TEST(KeysTest, WhatOneKeySignsNoOtherAccepts) {
  const std::string_view pems[] = {kEd25519PrivatePem, kOtherEd25519PrivatePem,
                                   kP256PrivatePem, kDssePrivatePem};
  for (const std::string_view signer : pems) {
    const std::string signature = *SampleKey(signer).Sign("message");
    for (const std::string_view checker : pems) {
      EXPECT_EQ(SampleKey(checker).public_key().Verify("message", signature),
                signer == checker);
    }
  }
}

TEST(KeysTest, ChangedSignaturesAreRefused) {
  for (const std::string_view pem : {kEd25519PrivatePem, kP256PrivatePem}) {
    const PrivateKey key = SampleKey(pem);
    const std::string signature = *key.Sign("message");
    for (size_t i = 0; i < signature.size(); ++i) {
      std::string changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(key.public_key().Verify("message", changed)) << i;
    }
    EXPECT_FALSE(key.public_key().Verify("message", signature + '\0'));
    EXPECT_FALSE(key.public_key().Verify("message", ""));
  }
}

TEST(KeysTest, EcdsaSignaturesAreDerAndNotRaw) {
  const std::string raw =
      Hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
          "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  EXPECT_FALSE(SampleKey(kP256PrivatePem).public_key().Verify("sample", raw));
}

TEST(KeysTest, OtherAlgorithmsAndCurvesAreRefusedByName) {
  ExpectRefused(PublicKey::FromPem(R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEC57rb+0O4uU+2IKrluWrwMF9906F1r3Y
bfg6Y1sL4FmtSM3akG63SgnmtnDNiDgycDntJehDugUcyPXJA5wRtrbiYwu4M/+6
aibBcvA10HUOhxR0u6mSJ5yFLhNxrHJ/
-----END PUBLIC KEY-----
)",
                                   "public key")
                    .status(),
                absl::StatusCode::kUnimplemented,
                "Unsupported public key: EC on secp384r1 (this build reads "
                "Ed25519 and ECDSA P-256)");
  ExpectRefused(PrivateKey::FromPem(R"(-----BEGIN PRIVATE KEY-----
MEcCAQAwBQYDK2VxBDsEOTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTEx
MTExMTExMTExMTExMTExMTExMTExMTExMQ==
-----END PRIVATE KEY-----
)",
                                    "private key")
                    .status(),
                absl::StatusCode::kUnimplemented, "private key: ED448 (");
}

TEST(KeysTest, OtherPemBlocksAreRefusedByName) {
  ExpectRefused(
      PrivateKey::FromPem(R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49
AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8
maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END EC PRIVATE KEY-----
)",
                          "private key")
          .status(),
      absl::StatusCode::kUnimplemented,
      R"(PEM block "EC PRIVATE KEY" (this build reads "PRIVATE KEY"))");
  ExpectRefused(PrivateKey::FromPem(kP256PublicPem, "private key").status(),
                absl::StatusCode::kUnimplemented, R"(PEM block "PUBLIC KEY")");
  ExpectRefused(PublicKey::FromPem(kP256PrivatePem, "public key").status(),
                absl::StatusCode::kUnimplemented, R"(PEM block "PRIVATE KEY")");
}

TEST(KeysTest, TextsThatAreNoPemAreRefused) {
  const auto refused = [](std::string_view pem, std::string_view phrase) {
    ExpectRefused(PublicKey::FromPem(pem, "public key").status(),
                  absl::StatusCode::kInvalidArgument, phrase);
  };
  refused("", "does not begin with a PEM block");
  refused(absl::StrCat("key:\n", kP256PublicPem), "does not begin");
  refused("-----BEGIN PUBLIC KEY-----\n", "cannot be decoded");
  refused("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
          "no SubjectPublicKeyInfo");
  refused(absl::StrCat(kP256PublicPem, kEd25519PublicPem),
          "text behind the PEM block");
  refused(absl::StrCat(kP256PublicPem, std::string(kMaxKeyBytes, ' ')),
          "expected at most 16384");
}

TEST(KeysTest, APublicKeyHasOneForm) {
  // One byte more behind the structure, whose own length stays.
  const std::string longer = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA
-----END PUBLIC KEY-----
)";
  ExpectRefused(PublicKey::FromPem(longer, "public key").status(),
                absl::StatusCode::kInvalidArgument,
                "not in canonical DER form (45 bytes, expected 44)");
}

TEST(KeysTest, PrivateAndPublicPartMustBelongTogether) {
  const std::string other = ChangedPem(
      kP256PrivatePem, "PRIVATE KEY",
      Hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"),
      Hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6722"));
  ExpectRefused(PrivateKey::FromPem(other, "private key").status(),
                absl::StatusCode::kInvalidArgument, "Invalid private key: ");
}

TEST(KeysTest, FilesAreNamedInErrors) {
  const std::string path = absl::StrCat(testing::TempDir(), "/key.pem");
  ASSERT_TRUE(WriteFileAtomically(path, kP256PublicPem).ok());
  EXPECT_TRUE(ReadPublicKey(path).ok());
  ExpectRefused(ReadPrivateKey(path).status(), absl::StatusCode::kUnimplemented,
                absl::StrCat("private key ", path));
  EXPECT_EQ(ReadPublicKey(path + ".missing").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pedigree
