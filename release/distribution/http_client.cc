#include "release/distribution/http_client.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "curl/curl.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr size_t kMaxUrlBytes = 8192;
constexpr size_t kMaxHeaders = 200;
constexpr long kBufferBytes = 512L << 10;

// Where Debian, Fedora, openSUSE and Alpine keep the system's bundle.
constexpr const char* kCaFiles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

void InitCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  PEDIGREE_CHECK(code == CURLE_OK);
}

template <typename Value>
void Set(CURL* curl, CURLoption option, Value value) {
  PEDIGREE_CHECK(curl_easy_setopt(curl, option, value) == CURLE_OK);
}

// Failures that another try cannot mend.
bool IsPermanent(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
      return true;
    default:
      return false;
  }
}

struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlCloser>;

struct StringFreer {
  void operator()(char* text) const { curl_free(text); }
};
using CurlString = std::unique_ptr<char, StringFreer>;

CurlString Part(const Url& url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return nullptr;
  return CurlString(text);
}

absl::Status RefuseUrl(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid URL: ", what));
}

absl::StatusOr<Url> ParseUrl(const std::string& base,
                             std::string_view location) {
  Url url(curl_url());
  PEDIGREE_CHECK(url != nullptr);
  if (location.size() > kMaxUrlBytes) return RefuseUrl("longer than 8 KiB");
  if ((!base.empty() &&
       curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) ||
      curl_url_set(url.get(), CURLUPART_URL, std::string(location).c_str(),
                   CURLU_DISALLOW_USER) != CURLUE_OK) {
    return RefuseUrl("not an absolute or relative address without a user");
  }
  const CurlString scheme = Part(url, CURLUPART_SCHEME);
  if (scheme == nullptr || (std::string_view(scheme.get()) != "https" &&
                            std::string_view(scheme.get()) != "http")) {
    return RefuseUrl("neither http nor https");
  }
  return url;
}

}  // namespace

// An easy handle and the state of the request it is busy with.
class HttpClient::Connection {
 public:
  Connection() : curl_(curl_easy_init()) { PEDIGREE_CHECK(curl_ != nullptr); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { curl_easy_cleanup(curl_); }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                    const Options& options) {
    request_ = &request;
    response_ = HttpResponse();
    status_ = absl::OkStatus();
    begun_ = false;
    body_read_ = 0;
    error_[0] = 0;
    curl_easy_reset(curl_);
    SetConnection(options);
    curl_slist* headers = SetRequest();
    const CURLcode code = curl_easy_perform(curl_);
    curl_slist_free_all(headers);
    return Result(code);
  }

 private:
  void SetConnection(const Options& options) {
    Set(curl_, CURLOPT_NOSIGNAL, 1L);
    Set(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
    Set(curl_, CURLOPT_FOLLOWLOCATION, 0L);
    Set(curl_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(curl_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    Set(curl_, CURLOPT_SSL_VERIFYPEER, 1L);
    Set(curl_, CURLOPT_SSL_VERIFYHOST, 2L);
    const std::string ca_file =
        options.ca_file.empty() ? DefaultCaFile() : options.ca_file;
    if (!ca_file.empty()) Set(curl_, CURLOPT_CAINFO, ca_file.c_str());
    Set(curl_, CURLOPT_CONNECTTIMEOUT,
        static_cast<long>(options.connect_timeout_seconds));
    Set(curl_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    Set(curl_, CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(options.stall_timeout_seconds));
    Set(curl_, CURLOPT_BUFFERSIZE, kBufferBytes);
    Set(curl_, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
    Set(curl_, CURLOPT_USERAGENT, "pedigree");
    Set(curl_, CURLOPT_ERRORBUFFER, error_);
    Set(curl_, CURLOPT_HEADERFUNCTION, &Connection::OnHeader);
    Set(curl_, CURLOPT_HEADERDATA, this);
    Set(curl_, CURLOPT_WRITEFUNCTION, &Connection::OnBody);
    Set(curl_, CURLOPT_WRITEDATA, this);
  }

  curl_slist* SetRequest() {
    Set(curl_, CURLOPT_URL, request_->url.c_str());
    if (request_->method == "HEAD") Set(curl_, CURLOPT_NOBODY, 1L);
    if (request_->body.has_value()) {
      Set(curl_, CURLOPT_UPLOAD, 1L);
      Set(curl_, CURLOPT_INFILESIZE_LARGE,
          static_cast<curl_off_t>(request_->body->size));
      Set(curl_, CURLOPT_READFUNCTION, &Connection::OnRead);
      Set(curl_, CURLOPT_READDATA, this);
      Set(curl_, CURLOPT_SEEKFUNCTION, &Connection::OnSeek);
      Set(curl_, CURLOPT_SEEKDATA, this);
    }
    Set(curl_, CURLOPT_CUSTOMREQUEST, request_->method.c_str());
    // No wait for "100 Continue", which some registries never send.
    curl_slist* headers = curl_slist_append(nullptr, "Expect:");
    for (const std::string& header : request_->headers) {
      headers = curl_slist_append(headers, header.c_str());
    }
    Set(curl_, CURLOPT_HTTPHEADER, headers);
    return headers;
  }

  absl::StatusOr<HttpResponse> Result(CURLcode code) {
    if (!status_.ok()) return status_;
    if (code == CURLE_OK && !Begin()) return status_;
    if (code == CURLE_OK) {
      curl_off_t seconds = 0;
      curl_easy_getinfo(curl_, CURLINFO_RETRY_AFTER, &seconds);
      if (seconds > 0) response_.retry_after = static_cast<uint64_t>(seconds);
      return std::move(response_);
    }
    const std::string message =
        error_[0] != 0 ? error_ : curl_easy_strerror(code);
    if (IsPermanent(code)) return absl::FailedPreconditionError(message);
    return absl::UnavailableError(message);
  }

  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    return static_cast<Connection*>(self)->TakeHeader({data, size}) ? size : 0;
  }

  bool TakeHeader(std::string_view line) {
    // Interim answers, and those of proxies, come first.
    if (line.substr(0, 5) == "HTTP/") {
      response_.headers.clear();
      return true;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    if (response_.headers.size() == kMaxHeaders) {
      status_ = absl::ResourceExhaustedError("More than 200 headers");
      return false;
    }
    response_.headers.emplace_back(
        absl::AsciiStrToLower(line.substr(0, colon)),
        absl::StripAsciiWhitespace(line.substr(colon + 1)));
    return true;
  }

  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    return static_cast<Connection*>(self)->TakeBody({data, size}) ? size : 0;
  }

  bool TakeBody(std::string_view bytes) {
    if (!Begin()) return false;
    if (InSink()) {
      status_ = request_->sink->Write(AsBytes(bytes));
    } else if (bytes.size() > request_->max_body_bytes - response_.body.size()) {
      status_ = absl::ResourceExhaustedError(absl::StrCat(
          "Answer is longer than ", request_->max_body_bytes, " bytes"));
    } else {
      response_.body.append(bytes);
    }
    return status_.ok();
  }

  // Once a request, when status and headers are known.
  bool Begin() {
    if (begun_) return true;
    begun_ = true;
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    if (InSink()) status_ = request_->sink->Begin(response_);
    return status_.ok();
  }

  bool InSink() const {
    return request_->sink != nullptr && response_.status >= 200 &&
           response_.status < 300;
  }

  static size_t OnRead(char* data, size_t, size_t size, void* self) {
    return static_cast<Connection*>(self)->GiveBody(data, size);
  }

  size_t GiveBody(char* data, size_t size) {
    const HttpBody& body = *request_->body;
    size_t count = static_cast<size_t>(
        std::min<uint64_t>(size, body.size - body_read_));
    if (count == 0) return 0;
    if (body.file < 0) {
      std::memcpy(data, body.text.data() + body_read_, count);
    } else {
      const ssize_t got = pread(body.file, data, count,
                                static_cast<off_t>(body.offset + body_read_));
      if (got <= 0) {
        status_ = absl::DataLossError("The file became shorter or unreadable");
        return CURL_READFUNC_ABORT;
      }
      count = static_cast<size_t>(got);
    }
    body_read_ += count;
    if (request_->sent != nullptr) *request_->sent += count;
    return count;
  }

  // A connection that was kept open may turn out closed: curl starts anew.
  static int OnSeek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Connection*>(self)->body_read_ = static_cast<uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

  CURL* curl_;
  const HttpRequest* request_ = nullptr;
  HttpResponse response_;
  absl::Status status_;
  bool begun_ = false;
  uint64_t body_read_ = 0;
  char error_[CURL_ERROR_SIZE] = {};
};

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

HttpClient::HttpClient(Options options) : options_(std::move(options)) {
  InitCurl();
}

HttpClient::~HttpClient() = default;

absl::StatusOr<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  std::unique_ptr<Connection> connection = Take();
  absl::StatusOr<HttpResponse> response = connection->Send(request, options_);
  GiveBack(std::move(connection));
  return response;
}

std::unique_ptr<HttpClient::Connection> HttpClient::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.empty()) return std::make_unique<Connection>();
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void HttpClient::GiveBack(std::unique_ptr<Connection> connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(connection));
}

std::string DefaultCaFile() {
  const char* named = std::getenv("SSL_CERT_FILE");
  if (named != nullptr && *named != 0) return named;
  for (const char* path : kCaFiles) {
    if (access(path, R_OK) == 0) return path;
  }
  return "";
}

absl::StatusOr<std::string> ResolveUrl(const std::string& base,
                                       std::string_view location) {
  PEDIGREE_ASSIGN_OR_RETURN(const Url url, ParseUrl(base, location));
  const CurlString text = Part(url, CURLUPART_URL);
  if (text == nullptr) return RefuseUrl("no host");
  return std::string(text.get());
}

absl::StatusOr<std::string> UrlOrigin(const std::string& url_text) {
  PEDIGREE_ASSIGN_OR_RETURN(const Url url, ParseUrl("", url_text));
  const CurlString scheme = Part(url, CURLUPART_SCHEME);
  const CurlString host = Part(url, CURLUPART_HOST);
  const CurlString port = Part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (host == nullptr || port == nullptr) return RefuseUrl("no host");
  return absl::StrCat(scheme.get(), "://",
                      absl::AsciiStrToLower(host.get()), ":", port.get());
}

std::string EscapeForUrl(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      escaped += c;
    } else {
      absl::StrAppend(&escaped, "%",
                      absl::AsciiStrToUpper(absl::StrCat(
                          absl::Hex(static_cast<unsigned char>(c),
                                    absl::kZeroPad2))));
    }
  }
  return escaped;
}

}  // namespace pedigree
