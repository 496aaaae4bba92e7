#include "release/distribution/registry_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr int kMaxRedirects = 5;
constexpr uint64_t kMaxRetryAfterSeconds = 120;
constexpr uint64_t kMaxTokenBytes = uint64_t{64} << 10;
constexpr size_t kMaxErrorBytes = 300;

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 ||
         status == 308;
}

// One line of printable ASCII, cut to a length.
std::string Printable(std::string_view text) {
  std::string line(text.substr(0, kMaxErrorBytes));
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return !absl::ascii_isprint(c); }, '?');
  return line;
}

// A CA file means TLS, also on this machine.
bool UsesPlainHttp(const Reference& reference, const RegistryOptions& options) {
  return options.plain_http ||
         (IsLoopback(reference.registry) && options.ca_file.empty());
}

std::string TextMember(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return "";
  return found->get<std::string>();
}

// The challenge to answer: a token if the registry takes one.
absl::StatusOr<Challenge> Choose(const HttpResponse& response) {
  std::vector<Challenge> all;
  for (const auto& [name, value] : response.headers) {
    if (name != "www-authenticate") continue;
    PEDIGREE_ASSIGN_OR_RETURN(const std::vector<Challenge> some,
                              ParseChallenges(value));
    all.insert(all.end(), some.begin(), some.end());
  }
  for (const char* scheme : {"bearer", "basic"}) {
    for (const Challenge& challenge : all) {
      if (challenge.scheme == scheme) return challenge;
    }
  }
  return absl::FailedPreconditionError(
      "Cannot authenticate: the registry offers neither Bearer nor Basic");
}

std::string BasicAuthorization(const Credentials& credentials) {
  return absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(
                                    credentials.username, ":",
                                    credentials.password)));
}

// Seven-bit and no control characters: it goes into a header.
bool IsToken(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
}

absl::StatusOr<std::string> ParseToken(std::string_view body) {
  const absl::StatusOr<Json> json = ParseForeignJson(body, "token");
  if (json.ok() && json->is_object()) {
    for (const char* key : {"token", "access_token"}) {
      std::string token = TextMember(*json, key);
      if (IsToken(token)) return token;
    }
  }
  return absl::FailedPreconditionError(
      "Invalid answer of the token server: no \"token\" or \"access_token\"");
}

}  // namespace

bool IsTransient(const absl::StatusOr<HttpResponse>& response) {
  if (!response.ok()) return absl::IsUnavailable(response.status());
  return response->status == 408 || response->status == 429 ||
         response->status >= 500;
}

std::string DescribeRegistryError(std::string_view body) {
  const absl::StatusOr<Json> json = ParseForeignJson(body, "error");
  if (!json.ok() || !json->is_object()) return "";
  const auto errors = json->find("errors");
  if (errors == json->end() || !errors->is_array() || errors->empty() ||
      !errors->front().is_object()) {
    return "";
  }
  const std::string code = TextMember(errors->front(), "code");
  const std::string message = TextMember(errors->front(), "message");
  if (code.empty() && message.empty()) return "";
  return absl::StrCat(
      " (", Printable(absl::StrCat(code.substr(0, 60), ": ", message)), ")");
}

RegistryClient::RegistryClient(const Reference& reference, Access access,
                               const std::string& mount_from,
                               RegistryOptions options)
    : reference_(reference),
      options_(std::move(options)),
      base_(absl::StrCat(
          UsesPlainHttp(reference, options_) ? "http" : "https",
          "://",
          reference.registry == "docker.io" ? "registry-1.docker.io"
                                            : reference.registry,
          "/v2/", reference.repository, "/")),
      http_({options_.ca_file}) {
  // Without an origin, which no reference is known to lack, nothing is ever sent
  // credentials.
  origin_ = UrlOrigin(base_).value_or("");
  scopes_.push_back(
      absl::StrCat("repository:", reference.repository,
                   access == Access::kPush ? ":pull,push" : ":pull"));
  if (!mount_from.empty()) {
    scopes_.push_back(absl::StrCat("repository:", mount_from, ":pull"));
  }
}

std::string RegistryClient::Url(std::string_view path) const {
  return absl::StrCat(base_, path);
}

absl::StatusOr<std::string> RegistryClient::Follow(
    const std::string& url, std::string_view location) const {
  if (location.empty()) {
    return absl::InvalidArgumentError("Invalid answer: no Location");
  }
  PEDIGREE_ASSIGN_OR_RETURN(std::string target, ResolveUrl(url, location));
  if (absl::StartsWith(base_, "https:") && !absl::StartsWith(target, "https:")) {
    return absl::InvalidArgumentError(
        "Invalid answer: Location leads from https to http");
  }
  return target;
}

bool RegistryClient::IsOwnOrigin(const std::string& url) const {
  const absl::StatusOr<std::string> origin = UrlOrigin(url);
  return origin.ok() && *origin == origin_;
}

absl::Status RegistryClient::Annotate(const absl::Status& status,
                                      std::string_view what) const {
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat(reference_.Place(), ": ", what, ": ",
                   Printable(status.message())));
}

absl::Status RegistryClient::Error(const HttpResponse& response,
                                   std::string_view what) const {
  absl::StatusCode code = absl::StatusCode::kFailedPrecondition;
  if (response.status == 404) code = absl::StatusCode::kNotFound;
  if (response.status == 401 || response.status == 403) {
    code = absl::StatusCode::kPermissionDenied;
  }
  if (IsTransient(response)) code = absl::StatusCode::kUnavailable;
  return absl::Status(
      code, absl::StrCat(reference_.Place(), ": ", what, ": HTTP ",
                         response.status,
                         DescribeRegistryError(response.body)));
}

absl::StatusOr<HttpResponse> RegistryClient::Send(const HttpRequest& request,
                                                  std::string_view what) {
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<HttpResponse> response = SendOnce(request, what);
    if (!IsTransient(response) || !WaitToRetry(attempt, response)) {
      return response;
    }
  }
}

bool RegistryClient::WaitToRetry(int attempt,
                                 const absl::StatusOr<HttpResponse>& last) {
  if (attempt >= options_.attempts) return false;
  absl::Duration pause = std::min(
      absl::Milliseconds(500) * (int64_t{1} << std::min(attempt - 1, 10)),
      absl::Seconds(30));
  if (last.ok() && last->retry_after.has_value()) {
    if (*last->retry_after > kMaxRetryAfterSeconds) return false;
    pause = absl::Seconds(*last->retry_after);
  }
  options_.sleep(pause);
  return true;
}

absl::StatusOr<HttpResponse> RegistryClient::SendOnce(
    const HttpRequest& request, std::string_view what) {
  HttpRequest hop = request;
  for (int redirects = 0;; ++redirects) {
    absl::StatusOr<HttpResponse> response = SendAuthorized(hop, what);
    const bool readable = request.method == "GET" || request.method == "HEAD";
    if (!response.ok() || !readable || !IsRedirect(response->status)) {
      return response;
    }
    if (redirects == kMaxRedirects) {
      return Annotate(absl::FailedPreconditionError("more than 5 redirects"),
                      what);
    }
    const absl::StatusOr<std::string> target =
        Follow(hop.url, response->Header("location"));
    if (!target.ok()) return Annotate(target.status(), what);
    hop.url = *target;
  }
}

absl::StatusOr<HttpResponse> RegistryClient::SendAuthorized(
    const HttpRequest& request, std::string_view what) {
  const bool own = IsOwnOrigin(request.url);
  // The second time with a fresh token, in case the first had run out.
  for (int attempt = 0;; ++attempt) {
    std::string authorization;
    if (own) {
      const std::lock_guard<std::mutex> lock(mutex_);
      authorization = authorization_;
    }
    HttpRequest authorized = request;
    if (!authorization.empty()) {
      authorized.headers.push_back(
          absl::StrCat("Authorization: ", authorization));
    }
    absl::StatusOr<HttpResponse> response = http_.Send(authorized);
    if (!response.ok()) return Annotate(response.status(), what);
    if (!own || response->status != 401) return response;
    if (attempt == 2) return Error(*response, what);
    PEDIGREE_RETURN_IF_ERROR(Authorize(*response, authorization, what));
  }
}

absl::Status RegistryClient::Authorize(const HttpResponse& response,
                                       const std::string& used,
                                       std::string_view what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (authorization_ != used) return absl::OkStatus();
  const absl::StatusOr<Challenge> challenge = Choose(response);
  if (!challenge.ok()) return Annotate(challenge.status(), what);
  PEDIGREE_ASSIGN_OR_RETURN(
      const Credentials credentials,
      options_.docker_config.Find(reference_.registry));
  if (challenge->scheme == "basic") {
    // The same credentials again would be refused again.
    if (credentials.username.empty() || !used.empty()) {
      return Error(response, what);
    }
    authorization_ = BasicAuthorization(credentials);
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> token =
      FetchToken(*challenge, credentials);
  if (!token.ok()) return Annotate(token.status(), "token server");
  authorization_ = absl::StrCat("Bearer ", *token);
  return absl::OkStatus();
}

absl::StatusOr<std::string> RegistryClient::FetchToken(
    const Challenge& challenge, const Credentials& credentials) {
  const auto realm = challenge.parameters.find("realm");
  if (realm == challenge.parameters.end()) {
    return absl::FailedPreconditionError("no \"realm\" in the challenge");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const std::string url,
                            Follow(base_, realm->second));
  const auto service = challenge.parameters.find("service");
  const std::string service_name =
      service == challenge.parameters.end() ? "" : service->second;
  for (int attempt = 1;; ++attempt) {
    const absl::StatusOr<HttpResponse> response =
        SendTokenRequest(url, service_name, credentials);
    if (IsTransient(response) && WaitToRetry(attempt, response)) continue;
    if (!response.ok()) return response.status();
    if (response->status == 200) return ParseToken(response->body);
    return absl::PermissionDeniedError(
        absl::StrCat("HTTP ", response->status,
                     DescribeRegistryError(response->body)));
  }
}

// With an identity token OAuth 2's refresh, else the older GET.
absl::StatusOr<HttpResponse> RegistryClient::SendTokenRequest(
    const std::string& realm, const std::string& service,
    const Credentials& credentials) {
  HttpRequest request;
  request.max_body_bytes = kMaxTokenBytes;
  const bool refresh = !credentials.identity_token.empty();
  std::string query = absl::StrCat("service=", EscapeForUrl(service));
  if (refresh) {
    absl::StrAppend(&query, "&scope=",
                    EscapeForUrl(absl::StrJoin(scopes_, " ")),
                    "&client_id=pedigree&grant_type=refresh_token"
                    "&refresh_token=",
                    EscapeForUrl(credentials.identity_token));
    request.method = "POST";
    request.url = realm;
    request.headers = {"Content-Type: application/x-www-form-urlencoded"};
    request.body = HttpBody::Text(query);
    return http_.Send(request);
  }
  for (const std::string& scope : scopes_) {
    absl::StrAppend(&query, "&scope=", EscapeForUrl(scope));
  }
  request.url =
      absl::StrCat(realm, absl::StrContains(realm, '?') ? "&" : "?", query);
  if (!credentials.username.empty()) {
    request.headers = {
        absl::StrCat("Authorization: ", BasicAuthorization(credentials))};
  }
  return http_.Send(request);
}

}  // namespace pedigree
