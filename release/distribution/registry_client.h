// Requests to one registry about one repository: credentials, redirects, tries
// again, and errors that say what the registry said.
// Specification: docs/formats/distribution.md, "Requests".

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_REGISTRY_CLIENT_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_REGISTRY_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "release/distribution/challenge.h"
#include "release/distribution/docker_config.h"
#include "release/distribution/http_client.h"
#include "release/distribution/reference.h"

namespace pedigree {

struct RegistryOptions {
  // Plain HTTP also for registries that are not this machine.
  bool plain_http = false;
  // PEM certificates to trust instead of the system's; then a registry on this
  // machine is reached by TLS as well.
  std::string ca_file;
  DockerConfig docker_config;
  // How often a request is sent before its last failure counts.
  int attempts = 6;
  // How to wait between them.
  std::function<void(absl::Duration)> sleep = absl::SleepFor;
};

// What a request is for, in the scope of a token.
enum class Access { kPull, kPush };

// Any number of threads may send.
class RegistryClient {
 public:
  // For the registry and repository of `reference`. `mount_from`, unless empty,
  // is a repository of the same registry to read as well.
  RegistryClient(const Reference& reference, Access access,
                 const std::string& mount_from, RegistryOptions options);

  // "<scheme>://<registry>/v2/<repository>/" + `path`.
  std::string Url(std::string_view path) const;

  // `location` of an answer to a request for `url`, and whether this program may
  // go there. A registry reached by https leads to https only.
  //
  // Errors: kInvalidArgument.
  absl::StatusOr<std::string> Follow(const std::string& url,
                                     std::string_view location) const;

  // Sends, with credentials when the registry asks for them and the URL is of
  // the registry itself. GET and HEAD follow at most 5 redirects. An answer 429,
  // 408 or 500 and above, or a connection that fails, is tried again after
  // 0.5 s, 1 s, 2 s and so on, at most 30 s, or what Retry-After says, unless
  // that is more than 120 s. `what` names the request in errors: "blob sha256:..".
  //
  // Returns the last answer whatever its status, but errors for 401.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                    std::string_view what);
  // As Send, but one try.
  absl::StatusOr<HttpResponse> SendOnce(const HttpRequest& request,
                                        std::string_view what);
  // Waits before another try, as Send does; `attempt` counts from 1. False when
  // there is none, since too many were made or the registry asks for too long a
  // pause.
  bool WaitToRetry(int attempt, const absl::StatusOr<HttpResponse>& last);

  // The error that an answer is: place, status, the registry's code and message.
  // kNotFound for 404, kPermissionDenied for 401 and 403, kUnavailable for what
  // is worth another try, else kFailedPrecondition.
  absl::Status Error(const HttpResponse& response, std::string_view what) const;

  const Reference& reference() const { return reference_; }

 private:
  absl::StatusOr<HttpResponse> SendAuthorized(const HttpRequest& request,
                                              std::string_view what);
  // Gets what to put into Authorization for an answer 401, unless another thread
  // has done so since `used` was read.
  absl::Status Authorize(const HttpResponse& response, const std::string& used,
                         std::string_view what);
  absl::StatusOr<std::string> FetchToken(const Challenge& challenge,
                                         const Credentials& credentials);
  absl::StatusOr<HttpResponse> SendTokenRequest(
      const std::string& realm, const std::string& service,
      const Credentials& credentials);
  bool IsOwnOrigin(const std::string& url) const;
  absl::Status Annotate(const absl::Status& status,
                        std::string_view what) const;

  Reference reference_;
  // "repository:<name>:pull,push" and perhaps a second.
  std::vector<std::string> scopes_;
  RegistryOptions options_;
  std::string base_;
  std::string origin_;
  HttpClient http_;
  std::mutex mutex_;
  // Value of Authorization; empty until the registry asks.
  std::string authorization_;
};

// Whether an answer, or a failure to get one, is worth another try.
bool IsTransient(const absl::StatusOr<HttpResponse>& response);

// The registry's error code and message as one line of at most 300 printable
// bytes, " (CODE: message)"; empty when the body has none.
std::string DescribeRegistryError(std::string_view body);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_REGISTRY_CLIENT_H_
