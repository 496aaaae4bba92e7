#include "release/signing/dsse.h"

#include <openssl/ecdsa.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/signing/signer.h"
#include "release/testing/sample_keys.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

constexpr std::string_view kStatement =
    R"({"_type":"https://in-toto.io/Statement/v1"})";

// Of DSSE's test vectors, testvectors/vectors.json: signatures of the two
// Ed25519 keys of RFC 8032 over kStatement as application/vnd.in-toto+json.
constexpr std::string_view kSignatureA =
    "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7Ax"
    "BZNw5M9ixNHiCA==";
constexpr std::string_view kSignatureB =
    "c1+67/aT0yqEpwx8PsVY3MLHsj9D0CZ014/Fv/QlG59P+9CobUZ7xECJ/V3USG0Ob9CiE5Lj"
    "ReEZUzNF2l7eBw==";

std::vector<PublicKey> KeysAAndB() {
  return {SampleKey(kEd25519PrivatePem).public_key(),
          SampleKey(kOtherEd25519PrivatePem).public_key()};
}

// An envelope of one payload and some signatures, all in base64.
std::string Envelope(std::string_view type, std::string_view payload,
                     const std::vector<std::string_view>& signatures) {
  Json list = Json::array();
  for (const std::string_view signature : signatures) {
    list.push_back({{"keyid", "A"}, {"sig", signature}});
  }
  return CanonicalJson({{"payload", payload},
                        {"payloadType", type},
                        {"signatures", std::move(list)}});
}

size_t CountSigners(std::string_view text) {
  const absl::StatusOr<DsseEnvelope> envelope = ParseEnvelope(text, "claim");
  EXPECT_TRUE(envelope.ok()) << envelope.status();
  return envelope.ok() ? ValidSigners(*envelope, KeysAAndB()).size() : 0;
}

TEST(DsseTest, PreAuthEncodingIsThePublishedOne) {
  EXPECT_EQ(PreAuthEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(PreAuthEncoding("", ""), "DSSEv1 0  0 ");
}

// DSSE, protocol.md, "Test Vectors": its signature is r and s as raw bytes.
TEST(DsseTest, PublishedEcdsaVectorVerifies) {
  std::string raw;
  ASSERT_TRUE(absl::Base64Unescape(
      "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEG"
      "AHTVeCUjW2JIZA==",
      &raw));
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr),
                 BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  const DsseEnvelope envelope = {
      "http://example.com/HelloWorld",
      "hello world",
      {{"", std::string(reinterpret_cast<char*>(der),
                        static_cast<size_t>(size))}}};
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  EXPECT_EQ(ValidSigners(envelope, {SampleKey(kDssePrivatePem).public_key()})
                .size(),
            1u);
}

TEST(DsseTest, PublishedEd25519SignaturesAreMadeAgain) {
  KeySigner a(SampleKey(kEd25519PrivatePem));
  KeySigner b(SampleKey(kOtherEd25519PrivatePem));
  EXPECT_EQ(EncodeBase64(*a.Sign(kInTotoPayloadType, kStatement)), kSignatureA);
  EXPECT_EQ(EncodeBase64(*b.Sign(kInTotoPayloadType, kStatement)), kSignatureB);
}

struct Vector {
  std::string name;
  std::string text;
  size_t signers;
};

// The vectors of testvectors/vectors.json.
TEST(DsseTest, PublishedVectorsHaveTheSignersThatTheyExpect) {
  const std::string statement = EncodeBase64(kStatement);
  const Vector vectors[] = {
      {"single-signature",
       Envelope(kInTotoPayloadType, statement, {kSignatureA}), 1},
      {"url-safe-base64",
       Envelope(kInTotoPayloadType, "-_-_Pj8=",
                {"P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_"
                 "svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw=="}),
       1},
      {"payload-type-swapped",
       Envelope("application/vnd.example.other+json", statement, {kSignatureA}),
       0},
      {"non-ascii-payload-type",
       Envelope("application/vnd.ex\xC3\xA4mple+json", statement,
                {"xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/"
                 "fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw=="}),
       1},
      {"empty-payload",
       Envelope(kInTotoPayloadType, "",
                {"gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/"
                 "1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg=="}),
       1},
      {"threshold-two-distinct-keys",
       Envelope(kInTotoPayloadType, statement, {kSignatureA, kSignatureB}), 2},
      {"threshold-two-one-key-twice",
       Envelope(kInTotoPayloadType, statement, {kSignatureA, kSignatureA}), 1},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(CountSigners(vector.text), vector.signers) << vector.name;
  }
}

TEST(DsseTest, KeyIdsDecideNothing) {
  const std::string statement = EncodeBase64(kStatement);
  std::string text =
      Envelope(kInTotoPayloadType, statement, {kSignatureA, kSignatureB});
  EXPECT_EQ(CountSigners(text), 2u);
  Json json = *ParseJson(text, "envelope");
  json["signatures"][0].erase("keyid");
  json["signatures"][1]["keyid"] = "nobody";
  EXPECT_EQ(CountSigners(CanonicalJson(json)), 2u);
}

TEST(DsseTest, EnvelopesReadBack) {
  KeySigner signer(SampleKey(kP256PrivatePem));
  const absl::StatusOr<DsseEnvelope> envelope =
      SignEnvelope(kInTotoPayloadType, kStatement, signer);
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(envelope->signatures[0].key_id, signer.public_key().id());
  const std::string text = CanonicalJson(EnvelopeToJson(*envelope));
  const absl::StatusOr<DsseEnvelope> again = ParseEnvelope(text, "claim");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(CanonicalJson(EnvelopeToJson(*again)), text);
  EXPECT_EQ(again->payload, kStatement);
}

TEST(DsseTest, UnknownMembersAreIgnored) {
  Json json = *ParseJson(
      Envelope(kInTotoPayloadType, EncodeBase64(kStatement), {kSignatureA}),
      "envelope");
  json["later"] = 1.5;
  json["signatures"][0]["cert"] = "-";
  EXPECT_TRUE(ParseEnvelope(json.dump(), "claim").ok());
}

TEST(DsseTest, RefusesWhatIsNoEnvelope) {
  const auto refused = [](std::string_view text, std::string_view phrase) {
    const absl::Status status = ParseEnvelope(text, "claim").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(absl::StrContains(status.message(), phrase)) << status;
  };
  refused("[]", "Invalid claim: not an object");
  refused("{", "claim");
  refused(R"({"payload":"","payloadType":"t"})", "\"signatures\" is not");
  refused(R"({"payload":"","payloadType":"t","signatures":[]})",
          "\"signatures\" is not a list with an entry");
  refused(R"({"payload":"","payloadType":1,"signatures":[{"sig":""}]})",
          "\"payloadType\" is not a string");
  refused(R"({"payloadType":"t","signatures":[{"sig":""}]})",
          "\"payload\" is not a string");
  refused(R"({"payload":"","payloadType":"t","signatures":[1]})",
          "claim signature 0: not an object");
  refused(R"({"payload":"","payloadType":"t","signatures":[{}]})",
          "claim signature 0: \"sig\" is not a string");
  refused(
      R"({"payload":"","payloadType":"t","signatures":[{"sig":"","keyid":1}]})",
      "\"keyid\" is not a string");
  refused(R"({"payload":"","payload":"","payloadType":"t","signatures":[]})",
          "payload");
}

TEST(DsseTest, RefusesBase64ThatAnotherTextWouldGive) {
  EXPECT_EQ(*DecodeBase64("aGVsbG8=", "text"), "hello");
  EXPECT_EQ(*DecodeBase64("", "text"), "");
  EXPECT_EQ(*DecodeBase64("-_-_Pj8=", "text"), *DecodeBase64("+/+/Pj8=", "t"));
  for (const std::string_view text :
       {"aGVsbG8", "aGVsbG9=", "aGVs bG8=", "aGVsbG8=\n", "aGVsbG8==", "a",
        "+/-_", "aGVsbG8=aGVsbG8="}) {
    EXPECT_EQ(DecodeBase64(text, "text").status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(DsseTest, RefusesMoreThanTheLimits) {
  const std::vector<std::string_view> many(kMaxSignatures + 1, kSignatureA);
  const absl::Status status =
      ParseEnvelope(Envelope("t", "", many), "claim").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "Invalid claim: 33 signatures (expected at most 32)");
  const std::string wide(4 * kMaxSignatureBytes, 'A');
  EXPECT_EQ(ParseEnvelope(Envelope("t", "", {wide}), "claim").status().code(),
            absl::StatusCode::kResourceExhausted);
  const std::string large(kMaxEnvelopeBytes + 1, ' ');
  EXPECT_EQ(ParseEnvelope(large, "claim").status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace pedigree
