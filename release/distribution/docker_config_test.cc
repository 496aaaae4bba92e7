#include "release/distribution/docker_config.h"

#include <cstdlib>
#include <string>

#include <sys/stat.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

// base64 of "ada:pass:word".
constexpr char kAuth[] = "YWRhOnBhc3M6d29yZA==";

Credentials Found(std::string_view config, std::string_view registry) {
  const absl::StatusOr<DockerConfig> parsed = DockerConfig::Parse(config);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return {};
  const absl::StatusOr<Credentials> found = parsed->Find(registry);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() ? *found : Credentials();
}

// Puts docker-credential-<name>, a script, on PATH.
void InstallHelper(const std::string& name, const std::string& script) {
  const std::string folder = testing::TempDir();
  const std::string path = absl::StrCat(folder, "/docker-credential-", name);
  ASSERT_TRUE(
      WriteFileAtomically(path, absl::StrCat("#!/bin/sh\n", script)).ok());
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  setenv("PATH", absl::StrCat(folder, ":/usr/bin:/bin").c_str(), 1);
}

TEST(DockerConfigTest, ReadsInlineCredentials) {
  const std::string config =
      absl::StrCat(R"({"auths": {"r.example:5000": {"auth": ")", kAuth,
                   R"("}}, "HttpHeaders": {"X": 1.5}})");
  const Credentials found = Found(config, "r.example:5000");
  EXPECT_EQ(found.username, "ada");
  EXPECT_EQ(found.password, "pass:word");
  EXPECT_TRUE(Found(config, "r.example").empty());
  EXPECT_TRUE(Found(config, "other.example:5000").empty());
}

TEST(DockerConfigTest, KeysMayBeAddresses) {
  const std::string config =
      absl::StrCat(R"({"auths": {"https://index.docker.io/v1/": {"auth": ")",
                   kAuth, R"("}}})");
  EXPECT_EQ(Found(config, "docker.io").username, "ada");
}

TEST(DockerConfigTest, ReadsIdentityTokens) {
  const Credentials found = Found(
      R"({"auths": {"r.example": {"identitytoken": "refresh"}}})", "r.example");
  EXPECT_EQ(found.identity_token, "refresh");
  EXPECT_FALSE(found.empty());
}

TEST(DockerConfigTest, AMissingFileKnowsNobody) {
  const absl::StatusOr<DockerConfig> config =
      DockerConfig::Load(testing::TempDir() + "/no-such-config.json");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->Find("r.example")->empty());
}

TEST(DockerConfigTest, AsksTheRegistrysHelperBeforeTheCommonOne) {
  InstallHelper("own",
                R"(test "$1" = get && read -r r || test -n "$r"
echo "{\"ServerURL\":\"$r\",\"Username\":\"of $r\",\"Secret\":\"s\"}")");
  InstallHelper("common",
                R"(echo '{"Username":"<token>","Secret":"refresh"}')");
  constexpr char kConfig[] = R"({"credsStore": "common",
      "credHelpers": {"r.example:5000": "own"}})";
  EXPECT_EQ(Found(kConfig, "r.example:5000").username, "of r.example:5000");
  EXPECT_EQ(Found(kConfig, "other.example").identity_token, "refresh");
}

TEST(DockerConfigTest, WhatAHelperDoesNotKnowMayBeInline) {
  InstallHelper("ignorant",
                "echo 'credentials not found in native keychain'; exit 1");
  const std::string config = absl::StrCat(
      R"({"credsStore": "ignorant", "auths": {"r.example": {"auth": ")", kAuth,
      R"("}}})");
  EXPECT_EQ(Found(config, "r.example").username, "ada");
  EXPECT_TRUE(Found(config, "other.example").empty());
}

TEST(DockerConfigTest, RefusesAHelperThatFails) {
  InstallHelper("failing", "echo secret-of-the-keychain; exit 2");
  const absl::StatusOr<DockerConfig> config =
      DockerConfig::Parse(R"({"credsStore": "failing"})");
  const absl::Status status = config->Find("r.example").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(),
                                "docker-credential-failing failed (exit "
                                "status 2)"))
      << status;
  EXPECT_FALSE(absl::StrContains(status.message(), "keychain")) << status;
}

TEST(DockerConfigTest, RefusesAHelperThatIsNotThere) {
  const absl::StatusOr<DockerConfig> config =
      DockerConfig::Parse(R"({"credsStore": "absent"})");
  EXPECT_TRUE(absl::StrContains(config->Find("r.example").status().message(),
                                "Cannot run docker-credential-absent"));
}

TEST(DockerConfigTest, RefusesAnswersThatAreNone) {
  EXPECT_FALSE(ParseHelperAnswer("[]").ok());
  EXPECT_FALSE(ParseHelperAnswer(R"({"Username": "a"})").ok());
  EXPECT_FALSE(ParseHelperAnswer(R"({"Username": "a", "Secret": 1})").ok());
}

class RefusedConfigTest
    : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(RefusedConfigTest, NamesTheEntryAndNoSecret) {
  const absl::Status status = DockerConfig::Parse(GetParam().first).status();
  ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(), GetParam().second)) << status;
  EXPECT_FALSE(absl::StrContains(status.message(), "hunter2")) << status;
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedConfigTest,
    testing::Values(
        std::pair("hunter2", "not a JSON object"),
        std::pair("[]", "not a JSON object"),
        std::pair(R"({"auths": []})", "\"auths\" is not an object"),
        std::pair(R"({"auths": {"r": "hunter2"}})",
                  "not an object, auths[\"r\"]"),
        std::pair(R"({"auths": {"r": {"auth": "hunter2"}}})",
                  "\"auth\" is not base64 of USER:PASSWORD, auths[\"r\"]"),
        std::pair(R"({"auths": {"r": {"auth": 5}}})",
                  "\"auth\" is not a string, auths[\"r\"]"),
        std::pair(R"({"credHelpers": {"r": "../hunter2"}})",
                  "not a helper's name, credHelpers[\"r\"]"),
        std::pair(R"({"credsStore": {}})", "not a helper's name, credsStore")));

}  // namespace
}  // namespace pedigree
