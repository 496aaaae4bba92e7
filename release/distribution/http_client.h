// HTTP/1.1 requests, one at a time a caller, over libcurl. Knows nothing of
// registries: no credentials, no redirects followed, nothing tried again.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_HTTP_CLIENT_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_HTTP_CLIENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"

namespace pedigree {

// Bytes to send: a text, or `size` bytes of an open file from `offset` on. Either
// can be sent again. Borrows both.
struct HttpBody {
  std::string_view text;
  int file = -1;
  uint64_t offset = 0;
  uint64_t size = 0;

  static HttpBody Text(std::string_view text) { return {text, -1, 0, text.size()}; }
  static HttpBody File(int file, uint64_t offset, uint64_t size) {
    return {{}, file, offset, size};
  }
};

struct HttpResponse {
  int status = 0;
  // Names in lowercase, in the order received.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Seconds of Retry-After, whichever form it had.
  std::optional<uint64_t> retry_after;

  // The first header of that (lowercase) name; empty when there is none.
  std::string_view Header(std::string_view name) const;
};

// Takes the body of an answer as it comes. An error ends the transfer and is what
// Send returns.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  // Before the first byte, with the headers; only for statuses 200 to 299. The
  // body of any other answer goes to HttpResponse::body.
  virtual absl::Status Begin(const HttpResponse& head) = 0;
  virtual absl::Status Write(ByteSpan bytes) = 0;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  // "Name: value".
  std::vector<std::string> headers;
  std::optional<HttpBody> body;
  // Null: the body is collected.
  HttpSink* sink = nullptr;
  // Limit on what is collected.
  uint64_t max_body_bytes = uint64_t{1} << 20;
  // Grows by every byte of `body` that is handed over.
  std::atomic<uint64_t>* sent = nullptr;
};

// Keeps connections open between requests. Any number of threads may send.
class HttpClient {
 public:
  struct Options {
    // PEM certificates to trust instead of the system's.
    std::string ca_file;
    int connect_timeout_seconds = 30;
    // A transfer that moves less than a byte a second for so long is given up.
    int stall_timeout_seconds = 60;
  };

  explicit HttpClient(Options options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // Sends one request; every status is an answer. Only http and https; proxies
  // as the environment says.
  //
  // Errors: kUnavailable when the connection failed and may work another time;
  // kFailedPrecondition when it will not (certificate refused, no such host);
  // kResourceExhausted when the answer is longer than allowed; the sink's.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

 private:
  class Connection;

  std::unique_ptr<Connection> Take();
  void GiveBack(std::unique_ptr<Connection> connection);

  Options options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

// The CA bundle that is trusted without --ca-file: SSL_CERT_FILE, or the first
// that exists of where systems keep theirs; empty when there is none.
std::string DefaultCaFile();

// `location`, absolute or relative, as seen from `base`.
//
// Errors: kInvalidArgument unless it is a URL of http or https, without user or
// password, of at most 8 KiB. The message names the host alone.
absl::StatusOr<std::string> ResolveUrl(const std::string& base,
                                       std::string_view location);

// Scheme, host and port of a URL: "https://host:443".
//
// Errors: kInvalidArgument.
absl::StatusOr<std::string> UrlOrigin(const std::string& url);

// `value` with everything but unreserved characters escaped.
std::string EscapeForUrl(std::string_view value);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_HTTP_CLIENT_H_
