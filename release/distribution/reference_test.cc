#include "release/distribution/reference.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

const std::string kHex(64, 'a');

Reference Parsed(const std::string& text) {
  const absl::StatusOr<Reference> reference = ParseReference(text);
  EXPECT_TRUE(reference.ok()) << reference.status();
  return reference.ok() ? *reference : Reference();
}

TEST(ReferenceTest, ReadsAllParts) {
  const Reference reference =
      Parsed("registry.example:5000/team/slm-1:v1.0@sha256:" + kHex);
  EXPECT_EQ(reference.registry, "registry.example:5000");
  EXPECT_EQ(reference.repository, "team/slm-1");
  EXPECT_EQ(reference.tag, "v1.0");
  EXPECT_EQ(reference.digest->Hex(), kHex);
  EXPECT_EQ(reference.Place(), "registry.example:5000/team/slm-1");
}

TEST(ReferenceTest, TagAndDigestMayBeLeftOut) {
  const Reference reference = Parsed("localhost/a");
  EXPECT_EQ(reference.registry, "localhost");
  EXPECT_EQ(reference.tag, "");
  EXPECT_FALSE(reference.digest.has_value());
}

TEST(ReferenceTest, ReadsAddresses) {
  EXPECT_EQ(Parsed("[::1]:5000/a:t").registry, "[::1]:5000");
  EXPECT_EQ(Parsed("127.0.0.1:5000/a").registry, "127.0.0.1:5000");
}

TEST(ReferenceTest, ReadsEveryJointOfRepositoryNames) {
  EXPECT_EQ(Parsed("r.example/a.b_c__d---e/f").repository,
            "a.b_c__d---e/f");
}

TEST(ReferenceTest, OnlyThisMachineIsLoopback) {
  for (const char* registry :
       {"localhost", "localhost:5000", "127.0.0.1", "127.9.8.7:80",
        "[::1]:443"}) {
    EXPECT_TRUE(IsLoopback(registry)) << registry;
  }
  for (const char* registry :
       {"localhost.example", "127.example", "127.0.0.1.example",
        "128.0.0.1", "127.0.0.256", "r.example:127"}) {
    EXPECT_FALSE(IsLoopback(registry)) << registry;
  }
}

class RefusedReferenceTest : public testing::TestWithParam<
                                 std::pair<std::string, const char*>> {};

TEST_P(RefusedReferenceTest, NamesThePart) {
  const absl::StatusOr<Reference> reference =
      ParseReference(GetParam().first);
  ASSERT_EQ(reference.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(
      absl::StrContains(reference.status().message(), GetParam().second))
      << reference.status();
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedReferenceTest,
    testing::Values(
        std::pair("", "text \"\""), std::pair("name:tag", "text"),
        std::pair("registry/name", "no registry is implied"),
        std::pair("-r.example/a", "registry \"-r.example\""),
        std::pair("r..example/a", "registry"),
        std::pair("user@r.example/a", "digest"),
        std::pair("r.example:0/a", "port"),
        std::pair("r.example:65536/a", "port"),
        std::pair("r.example:+80/a", "port"),
        std::pair("r.example:/a", "port"), std::pair("[::1/a", "registry"),
        std::pair("[]/a", "registry"), std::pair("r.example/", "repository"),
        std::pair("r.example/A", "repository \"A\""),
        std::pair("r.example/a//b", "repository"),
        std::pair("r.example/../b", "repository"),
        std::pair("r.example/a___b", "repository"),
        std::pair("r.example/a._b", "repository"),
        std::pair("r.example/a-", "repository"),
        std::pair("r.example/a?b", "repository"),
        std::pair("r.example/" + std::string(256, 'a'), "repository"),
        std::pair("r.example/a:", "tag \"\""),
        std::pair("r.example/a:.t", "tag"),
        std::pair("r.example/a:t/u", "tag"),
        std::pair("r.example/a:" + std::string(129, 't'), "tag"),
        std::pair("r.example/a@sha512:" + kHex, "digest"),
        std::pair("r.example/a@sha256:" + kHex + "0", "digest"),
        std::pair("r.example/a@@", "digest"),
        std::pair(std::string("r.example/a\0b", 13), "repository")));

}  // namespace
}  // namespace pedigree
