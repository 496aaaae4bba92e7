#include "release/distribution/http_client.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "release/distribution/testing/fake_registry.h"

namespace pedigree {
namespace {

TEST(UrlTest, ResolvesAsBrowsersDo) {
  const std::string base = "https://r.example:5000/v2/a/blobs/uploads/?x=1";
  EXPECT_EQ(*ResolveUrl(base, "/v2/y?z=2"), "https://r.example:5000/v2/y?z=2");
  EXPECT_EQ(*ResolveUrl(base, "id"),
            "https://r.example:5000/v2/a/blobs/uploads/id");
  EXPECT_EQ(*ResolveUrl(base, "http://other.example/"),
            "http://other.example/");
}

TEST(UrlTest, OriginsNameThePort) {
  EXPECT_EQ(*UrlOrigin("https://R.example/a"), "https://r.example:443");
  EXPECT_EQ(*UrlOrigin("http://127.0.0.1:5000/a"), "http://127.0.0.1:5000");
  EXPECT_EQ(*UrlOrigin("http://[::1]/a"), "http://[::1]:80");
}

TEST(UrlTest, RefusesWhatIsNoWebAddress) {
  for (const char* location :
       {"ftp://r.example/", "file:///etc/passwd", "https://user@r.example/",
        "https://user:password@r.example/", "https://"}) {
    const absl::Status status =
        ResolveUrl("https://r.example/", location).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << location;
    EXPECT_FALSE(absl::StrContains(status.message(), "password"));
  }
  EXPECT_FALSE(ResolveUrl("https://r.example/", std::string(9000, 'a')).ok());
}

TEST(UrlTest, EscapesAllButUnreservedCharacters) {
  EXPECT_EQ(EscapeForUrl("a-Z_0.~"), "a-Z_0.~");
  EXPECT_EQ(EscapeForUrl("sha256:a/b c\n\xff"), "sha256%3Aa%2Fb%20c%0A%FF");
}

TEST(HttpClientTest, SendsBodiesAndTakesAnswers) {
  FakeRegistry server;
  server.SetHook([](const FakeRequest& request) -> std::optional<FakeReply> {
    return FakeReply{202, {{"X-Method", request.method}}, request.body, {}};
  });
  HttpClient client({});
  std::atomic<uint64_t> sent = 0;
  HttpRequest request;
  request.method = "PATCH";
  request.url = "http://" + server.host() + "/x";
  request.body = HttpBody::Text("some bytes");
  request.sent = &sent;
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<HttpResponse> response = client.Send(request);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, 202);
    EXPECT_EQ(response->body, "some bytes");
    EXPECT_EQ(response->Header("x-method"), "PATCH");
  }
  EXPECT_EQ(sent, 20u);
}

TEST(HttpClientTest, TellsFailuresThatMayPass) {
  FakeRegistry server;
  server.SetDropHook([](const FakeRequest&) { return 0; });
  HttpClient client({});
  HttpRequest request;
  request.url = "http://" + server.host() + "/x";
  EXPECT_EQ(client.Send(request).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(HttpClientTest, RefusesServersThatSpeakNoTls) {
  FakeRegistry server;
  HttpRequest request;
  request.url = "https://" + server.host() + "/x";
  // The fake waits for the end of a request that never comes.
  HttpClient::Options options;
  options.connect_timeout_seconds = 1;
  HttpClient impatient(options);
  EXPECT_FALSE(impatient.Send(request).ok());
}

TEST(HttpClientTest, RefusesCertificatesThatAreNotThere) {
  HttpClient::Options options;
  options.ca_file = testing::TempDir() + "/no-such-ca.pem";
  HttpClient client(options);
  HttpRequest request;
  request.url = "https://127.0.0.1:1/x";
  EXPECT_FALSE(client.Send(request).ok());
}

}  // namespace
}  // namespace pedigree
