#include "release/distribution/registry_client.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/distribution/testing/fake_registry.h"

namespace pedigree {
namespace {

// base64 of "ada:hunter2".
constexpr char kBasic[] = "Basic YWRhOmh1bnRlcjI=";

class RegistryClientTest : public testing::Test {
 protected:
  RegistryOptions Options() {
    RegistryOptions options;
    options.sleep = [this](absl::Duration pause) { pauses_.push_back(pause); };
    return options;
  }

  // Options that know ada's password, or her identity token, for the fake.
  RegistryOptions OptionsWith(const std::string& entry) {
    RegistryOptions options = Options();
    options.docker_config =
        DockerConfig::Parse(absl::StrCat("{\"auths\":{\"", registry_.host(),
                                         "\":", entry, "}}"))
            .value();
    return options;
  }
  RegistryOptions OptionsWithPassword() {
    return OptionsWith(R"({"username":"ada","password":"hunter2"})");
  }

  std::unique_ptr<RegistryClient> Client(RegistryOptions options,
                                         Access access = Access::kPull,
                                         const std::string& mount_from = "") {
    return std::make_unique<RegistryClient>(
        ParseReference(registry_.host() + "/a/b:t").value(), access, mount_from,
        std::move(options));
  }

  absl::StatusOr<HttpResponse> Get(RegistryClient& client,
                                   const std::string& path = "manifests/t") {
    HttpRequest request;
    request.url = client.Url(path);
    return client.Send(request, "manifest t");
  }

  FakeRegistry registry_;
  std::vector<absl::Duration> pauses_;
};

FakeReply Unauthorized(const std::string& challenge) {
  return {401, {{"WWW-Authenticate", challenge}}, "", std::nullopt};
}

TEST_F(RegistryClientTest, SendsNoCredentialsUnasked) {
  registry_.PutManifest("t", "{}");
  const auto client = Client(OptionsWithPassword());
  EXPECT_EQ(Get(*client)->body, "{}");
  EXPECT_EQ(registry_.Requests()[0].Header("authorization"), "");
}

TEST_F(RegistryClientTest, AnswersBasicAndRemembersIt) {
  registry_.PutManifest("t", "{}");
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    if (request.Header("authorization") == kBasic) return std::nullopt;
    return Unauthorized("Basic realm=\"fake\"");
  });
  const auto client = Client(OptionsWithPassword());
  EXPECT_EQ(Get(*client)->status, 200);
  EXPECT_EQ(Get(*client)->status, 200);
  EXPECT_EQ(registry_.Requests().size(), 3u);
}

TEST_F(RegistryClientTest, FetchesATokenForItsScope) {
  registry_.PutManifest("t", "{}");
  const std::string realm = absl::StrCat("http://", registry_.host(), "/token");
  registry_.SetHook(
      [realm](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.path == "/token") {
          EXPECT_EQ(request.Header("authorization"), kBasic);
          EXPECT_EQ(request.query.at("service"), "fake service");
          EXPECT_EQ(request.query.at("scope"), "repository:a/b:pull,push");
          return FakeReply{200, {}, R"({"token":"T1","expires_in":60})", {}};
        }
        if (request.Header("authorization") == "Bearer T1") return std::nullopt;
        return Unauthorized("Bearer realm=\"" + realm +
                            "\",service=\"fake service\"");
      });
  const auto client = Client(OptionsWithPassword(), Access::kPush);
  EXPECT_EQ(Get(*client)->body, "{}");
}

TEST_F(RegistryClientTest, FetchesAnotherTokenWhenTheFirstRanOut) {
  registry_.PutManifest("t", "{}");
  const std::string realm = absl::StrCat("http://", registry_.host(), "/token");
  int tokens = 0;
  registry_.SetHook(
      [&](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.path == "/token") {
          return FakeReply{
              200, {}, absl::StrCat("{\"access_token\":\"T", ++tokens, "\"}"),
              {}};
        }
        // The first token is good for one request.
        const std::string used = request.Header("authorization");
        if (used == absl::StrCat("Bearer T", tokens) &&
            !(tokens == 1 && registry_.Requests().size() > 4)) {
          return std::nullopt;
        }
        return Unauthorized("Bearer realm=\"" + realm + "\"");
      });
  const auto client = Client(Options());
  EXPECT_EQ(Get(*client)->status, 200);
  EXPECT_EQ(Get(*client)->status, 200);
  EXPECT_EQ(Get(*client)->status, 200);
  EXPECT_EQ(tokens, 2);
}

TEST_F(RegistryClientTest, IdentityTokensAreRefreshed) {
  registry_.PutManifest("t", "{}");
  const std::string realm = absl::StrCat("http://", registry_.host(), "/token");
  registry_.SetHook(
      [realm](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.path == "/token") {
          EXPECT_EQ(request.method, "POST");
          EXPECT_EQ(request.body,
                    "service=&scope=repository%3Aa%2Fb%3Apull%20repository%3A"
                    "c%3Apull&client_id=pedigree&grant_type=refresh_token"
                    "&refresh_token=r%2B1");
          return FakeReply{200, {}, R"({"access_token":"T1"})", {}};
        }
        if (request.Header("authorization") == "Bearer T1") return std::nullopt;
        return Unauthorized("Bearer realm=\"" + realm + "\"");
      });
  const auto client = Client(OptionsWith(R"({"identitytoken":"r+1"})"),
                             Access::kPull, "c");
  EXPECT_EQ(Get(*client)->status, 200);
}

TEST_F(RegistryClientTest, RedirectsToOtherHostsCarryNoCredentials) {
  FakeRegistry other;
  other.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{200, {}, "elsewhere", std::nullopt};
  });
  registry_.SetHook(
      [&](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.Header("authorization") != kBasic) {
          return Unauthorized("Basic realm=\"fake\"");
        }
        return FakeReply{
            307, {{"Location", absl::StrCat("http://", other.host(), "/x")}},
            "", std::nullopt};
      });
  const auto client = Client(OptionsWithPassword());
  EXPECT_EQ(Get(*client)->body, "elsewhere");
  ASSERT_EQ(other.Requests().size(), 1u);
  EXPECT_EQ(other.Requests()[0].Header("authorization"), "");
}

TEST_F(RegistryClientTest, OtherHostsGetNoCredentialsEvenIfTheyAsk) {
  FakeRegistry other;
  other.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return Unauthorized("Basic realm=\"trap\"");
  });
  registry_.SetHook([&](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{
        302, {{"Location", absl::StrCat("http://", other.host(), "/x")}}, "",
        std::nullopt};
  });
  const auto client = Client(OptionsWithPassword());
  EXPECT_EQ(Get(*client)->status, 401);
  ASSERT_EQ(other.Requests().size(), 1u);
  EXPECT_EQ(other.Requests()[0].Header("authorization"), "");
}

TEST_F(RegistryClientTest, RefusesEndlessRedirects) {
  registry_.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    return FakeReply{302, {{"Location", request.path}}, "", std::nullopt};
  });
  const auto client = Client(Options());
  const absl::Status status = Get(*client).status();
  EXPECT_TRUE(absl::StrContains(status.message(), "more than 5 redirects"))
      << status;
  EXPECT_EQ(registry_.Requests().size(), 6u);
}

TEST_F(RegistryClientTest, RefusesToLeaveHttps) {
  RegistryClient client(ParseReference("r.example/a").value(), Access::kPull,
                        "", Options());
  EXPECT_FALSE(client.Follow(client.Url("x"), "http://r.example/y").ok());
  EXPECT_FALSE(client.Follow(client.Url("x"), "file:///etc/passwd").ok());
  EXPECT_FALSE(client.Follow(client.Url("x"), "https://a:b@r.example/y").ok());
  EXPECT_FALSE(client.Follow(client.Url("x"), "").ok());
  EXPECT_EQ(*client.Follow(client.Url("x"), "/y?z"), "https://r.example/y?z");
}

TEST_F(RegistryClientTest, TriesAgainLongerAndLonger) {
  registry_.PutManifest("t", "{}");
  int failures = 3;
  registry_.SetHook([&](const FakeRequest&) -> std::optional<FakeReply> {
    if (failures-- > 0) return FakeReply{503, {}, "", std::nullopt};
    return std::nullopt;
  });
  const auto client = Client(Options());
  EXPECT_EQ(Get(*client)->status, 200);
  EXPECT_EQ(pauses_,
            (std::vector<absl::Duration>{absl::Milliseconds(500),
                                         absl::Seconds(1), absl::Seconds(2)}));
}

TEST_F(RegistryClientTest, WaitsAsLongAsARateLimitSays) {
  registry_.PutManifest("t", "{}");
  bool limited = true;
  registry_.SetHook([&](const FakeRequest&) -> std::optional<FakeReply> {
    if (!std::exchange(limited, false)) return std::nullopt;
    return FakeReply{429, {{"Retry-After", "17"}}, "", std::nullopt};
  });
  const auto client = Client(Options());
  EXPECT_EQ(Get(*client)->status, 200);
  EXPECT_EQ(pauses_, std::vector<absl::Duration>{absl::Seconds(17)});
}

TEST_F(RegistryClientTest, DoesNotWaitForHours) {
  registry_.SetHook([&](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{429, {{"Retry-After", "7200"}}, "", std::nullopt};
  });
  const auto client = Client(Options());
  EXPECT_EQ(Get(*client)->status, 429);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(RegistryClientTest, GivesUpInTheEnd) {
  registry_.SetDropHook([](const FakeRequest&) { return 0; });
  const auto client = Client(Options());
  const absl::Status status = Get(*client).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StartsWith(status.message(),
                               registry_.host() + "/a/b: manifest t: "))
      << status;
  EXPECT_EQ(pauses_.size(), 5u);
}

TEST_F(RegistryClientTest, RefusedCredentialsAreNotSentTwice) {
  registry_.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    FakeReply reply = Unauthorized("Basic realm=\"fake\"");
    reply.body = R"({"errors":[{"code":"UNAUTHORIZED","message":"no"}]})";
    return reply;
  });
  const auto client = Client(OptionsWithPassword());
  const absl::Status status = Get(*client).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(),
            absl::StrCat(registry_.host(),
                         "/a/b: manifest t: HTTP 401 (UNAUTHORIZED: no)"));
  EXPECT_EQ(registry_.Requests().size(), 2u);
}

TEST_F(RegistryClientTest, RefusesAnswersOfTokenServersThatAreNone) {
  const std::string realm = absl::StrCat("http://", registry_.host(), "/token");
  std::string answer;
  registry_.SetHook(
      [&](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.path == "/token") return FakeReply{200, {}, answer, {}};
        return Unauthorized("Bearer realm=\"" + realm + "\"");
      });
  for (const char* text :
       {"", "[]", "{}", R"({"token":""})", R"({"token":"a\r\nX: y"})"}) {
    answer = text;
    const auto client = Client(OptionsWithPassword());
    const absl::Status status = Get(*client).status();
    EXPECT_TRUE(absl::StrContains(status.message(),
                                  "Invalid answer of the token server"))
        << text << ": " << status;
  }
}

TEST_F(RegistryClientTest, MessagesHoldNoSecretOfTheTokenServer) {
  const std::string realm = absl::StrCat("http://", registry_.host(), "/token");
  registry_.SetHook(
      [&](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.path == "/token") {
          return FakeReply{403, {}, "you sent " + request.Header(
                                                    "authorization"),
                           {}};
        }
        return Unauthorized("Bearer realm=\"" + realm + "?key=hunter2\"");
      });
  const auto client = Client(OptionsWithPassword());
  const absl::Status status = Get(*client).status();
  EXPECT_EQ(status.message(),
            absl::StrCat(registry_.host(), "/a/b: token server: HTTP 403"));
}

TEST_F(RegistryClientTest, RefusesAnswersWithoutEnd) {
  registry_.SetHook([&](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{200, {}, std::string(2 << 20, 'x'), std::nullopt};
  });
  const auto client = Client(Options());
  EXPECT_EQ(Get(*client).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(RegistryErrorTest, IsOnePrintableLine) {
  EXPECT_EQ(DescribeRegistryError(
                R"({"errors":[{"code":"DENIED","message":"a\nb\u001b[2J"}]})"),
            " (DENIED: a?b?[2J)");
  EXPECT_EQ(DescribeRegistryError(absl::StrCat(
                R"({"errors":[{"code":"A","message":")",
                std::string(5000, 'x'), R"("}]})"))
                .size(),
            303u);
}

TEST(RegistryErrorTest, SaysNothingOfWhatIsNoError) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"errors":{}})", R"({"errors":[]})",
        R"({"errors":[1]})", R"({"errors":[{"detail":"x"}]})"}) {
    EXPECT_EQ(DescribeRegistryError(body), "") << body;
  }
}

}  // namespace
}  // namespace pedigree
