// Each pinned library links and computes what its makers published.

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/util/json_util.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "openssl/crypto.h"
#include "openssl/evp.h"
#include "openssl/sha.h"
#include "third_party/third_party_test.pb.h"
#include "zstd.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace pedigree {
namespace {

std::string Hex(const unsigned char* bytes, size_t size) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), size));
}

// FIPS 180-2, appendix B.1.
constexpr char kSha256Abc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(OpensslTest, Sha256OfAbc) {
  SHA256_CTX context;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  ASSERT_EQ(SHA256_Init(&context), 1);
  ASSERT_EQ(SHA256_Update(&context, "abc", 3), 1);
  ASSERT_EQ(SHA256_Final(digest, &context), 1);
  EXPECT_EQ(Hex(digest, sizeof(digest)), kSha256Abc);
}

TEST(OpensslTest, EnvelopeInterfaceAgrees) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  ASSERT_EQ(EVP_Digest("abc", 3, digest, &size, EVP_sha256(), nullptr), 1);
  EXPECT_EQ(Hex(digest, size), kSha256Abc);
}

TEST(OpensslTest, IsThePinnedVersion) {
  EXPECT_STREQ(OPENSSL_VERSION_STR, "3.0.20");
  EXPECT_THAT(OpenSSL_version(OPENSSL_VERSION), testing::HasSubstr("3.0.20"));
}

// XXH3-64 of nothing, seed 0: xxHash's specification, test vectors.
TEST(XxhashTest, OfNothing) {
  EXPECT_EQ(XXH3_64bits("", 0), 0x2d06800538d394c2ULL);
}

TEST(ZstdTest, RoundTrip) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "pedigree " + std::to_string(i % 7);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const size_t packed_size = ZSTD_compress(packed.data(), packed.size(),
                                           text.data(), text.size(), 3);
  ASSERT_FALSE(ZSTD_isError(packed_size));
  EXPECT_LT(packed_size, text.size() / 10);
  std::string unpacked(text.size(), '\0');
  const size_t size = ZSTD_decompress(unpacked.data(), unpacked.size(),
                                      packed.data(), packed_size);
  ASSERT_FALSE(ZSTD_isError(size)) << ZSTD_getErrorName(size);
  EXPECT_EQ(size, text.size());
  EXPECT_EQ(unpacked, text);
}

TEST(ProtobufTest, RoundTripThroughJson) {
  LibraryRecord record;
  record.set_name("zstd");
  record.set_size(uint64_t{1} << 60);
  record.mutable_since()->set_seconds(1);
  std::string json;
  ASSERT_TRUE(
      google::protobuf::util::MessageToJsonString(record, &json).ok());
  EXPECT_EQ(json, "{\"name\":\"zstd\",\"size\":\"1152921504606846976\","
                  "\"since\":\"1970-01-01T00:00:01Z\"}");
  LibraryRecord parsed;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(json, &parsed).ok());
  EXPECT_EQ(parsed.SerializeAsString(), record.SerializeAsString());
  EXPECT_FALSE(
      google::protobuf::util::JsonStringToMessage("{\"x\":1}", &parsed).ok());
}

TEST(NlohmannJsonTest, ParsesAndSorts) {
  const nlohmann::json json =
      nlohmann::json::parse(R"({"b": [1, 2.5, "x"], "a": null})");
  EXPECT_EQ(json.dump(), R"({"a":null,"b":[1,2.5,"x"]})");
  EXPECT_FALSE(nlohmann::json::accept("{\"a\":}"));
}

TEST(Cli11Test, Parses) {
  CLI::App app;
  int threads = 0;
  app.add_option("--threads", threads);
  std::vector<std::string> arguments = {"--threads=4"};
  app.parse(arguments);
  EXPECT_EQ(threads, 4);
}

}  // namespace
}  // namespace pedigree
