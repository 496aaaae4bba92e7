#include "release/distribution/testing/fake_registry.h"

#include <algorithm>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "runtime/base/check.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

constexpr char kManifestType[] = "application/vnd.oci.image.manifest.v1+json";
constexpr char kIndexType[] = "application/vnd.oci.image.index.v1+json";

// Reads from `connection` into `buffer`; false at its end.
bool ReadMore(int connection, std::string& buffer) {
  char bytes[65536];
  const ssize_t count = recv(connection, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  buffer.append(bytes, static_cast<size_t>(count));
  return true;
}

void SendAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

// The end of the connection as a failure, not an orderly one.
void Reset(int connection) {
  const struct linger now = {1, 0};
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

FakeRequest ParseHead(std::string_view head) {
  FakeRequest request;
  const std::vector<std::string_view> lines = absl::StrSplit(head, "\r\n");
  const std::vector<std::string_view> first = absl::StrSplit(lines[0], ' ');
  PEDIGREE_CHECK(first.size() == 3);
  request.method = std::string(first[0]);
  const std::pair<std::string_view, std::string_view> target =
      absl::StrSplit(first[1], absl::MaxSplits('?', 1));
  request.path = std::string(target.first);
  for (std::string_view pair :
       absl::StrSplit(target.second, '&', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> item =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    request.query[item.first] = absl::StrReplaceAll(
        item.second, {{"%3A", ":"}, {"%2F", "/"}, {"%2C", ","}, {"%20", " "}});
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string_view, std::string_view> header =
        absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    request.headers[absl::AsciiStrToLower(header.first)] =
        std::string(absl::StripAsciiWhitespace(header.second));
  }
  return request;
}

FakeReply ErrorReply(int status, std::string_view code) {
  return {status,
          {},
          absl::StrCat("{\"errors\":[{\"code\":\"", code,
                       "\",\"message\":\"says the fake\"}]}"),
          std::nullopt};
}

std::string UploadRange(const std::string& upload) {
  return absl::StrCat("0-", upload.empty() ? 0 : upload.size() - 1);
}

}  // namespace

std::string FakeRequest::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

FakeRegistry::FakeRegistry() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PEDIGREE_CHECK(listener_ >= 0);
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<struct sockaddr*>(&address);
  PEDIGREE_CHECK(bind(listener_, generic, size) == 0);
  PEDIGREE_CHECK(listen(listener_, 64) == 0);
  PEDIGREE_CHECK(getsockname(listener_, generic, &size) == 0);
  host_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  acceptor_ = std::thread([this] { Accept(); });
}

FakeRegistry::~FakeRegistry() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (std::thread& server : servers_) server.join();
}

void FakeRegistry::SetHook(Hook hook) {
  const std::lock_guard<std::mutex> lock(mutex_);
  hook_ = std::move(hook);
}

void FakeRegistry::SetDropHook(DropHook hook) {
  const std::lock_guard<std::mutex> lock(mutex_);
  drop_hook_ = std::move(hook);
}

void FakeRegistry::HaveReferrers() {
  const std::lock_guard<std::mutex> lock(mutex_);
  has_referrers_ = true;
}

void FakeRegistry::PutBlob(std::string_view bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  blobs_[Sha256(bytes).ToString()] = std::string(bytes);
}

void FakeRegistry::PutManifest(const std::string& name,
                               std::string_view bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  manifests_[name] = std::string(bytes);
  manifests_[Sha256(bytes).ToString()] = std::string(bytes);
}

std::optional<std::string> FakeRegistry::Blob(const Digest& digest) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blobs_.find(digest.ToString());
  if (found == blobs_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> FakeRegistry::Manifest(
    const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = manifests_.find(name);
  if (found == manifests_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> FakeRegistry::Log() const {
  std::vector<std::string> log;
  for (const FakeRequest& request : Requests()) {
    log.push_back(absl::StrCat(request.method, " ", request.path));
  }
  return log;
}

std::vector<FakeRequest> FakeRegistry::Requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void FakeRegistry::Accept() {
  while (true) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    servers_.emplace_back([this, connection] { Serve(connection); });
  }
}

// One request a connection.
void FakeRegistry::Serve(int connection) {
  std::string buffer;
  size_t end = std::string::npos;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore(connection, buffer)) {
      close(connection);
      return;
    }
  }
  FakeRequest request = ParseHead(buffer.substr(0, end));
  buffer.erase(0, end + 4);
  size_t length = 0;
  (void)absl::SimpleAtoi(request.Header("content-length"), &length);
  std::optional<size_t> drop;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (drop_hook_ != nullptr) drop = drop_hook_(request);
  }
  const size_t wanted = std::min(length, drop.value_or(length));
  while (buffer.size() < wanted && ReadMore(connection, buffer)) {
  }
  request.body = buffer.substr(0, wanted);
  FakeReply reply = Answer(request);
  if (drop.has_value()) {
    Reset(connection);
  } else {
    std::string head = absl::StrCat("HTTP/1.1 ", reply.status, " Fake\r\n");
    reply.headers.emplace("Content-Length", absl::StrCat(reply.body.size()));
    reply.headers.emplace("Connection", "close");
    for (const auto& [name, value] : reply.headers) {
      absl::StrAppend(&head, name, ": ", value, "\r\n");
    }
    SendAll(connection, absl::StrCat(head, "\r\n"));
    if (request.method != "HEAD") {
      SendAll(connection,
              std::string_view(reply.body)
                  .substr(0, reply.cut.value_or(reply.body.size())));
    }
  }
  close(connection);
}

FakeReply FakeRegistry::Answer(const FakeRequest& request) {
  Hook hook;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
    hook = hook_;
  }
  if (hook != nullptr) {
    std::optional<FakeReply> reply = hook(request);
    if (reply.has_value()) return *std::move(reply);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t slash = request.path.rfind('/');
  const std::string last = request.path.substr(slash + 1);
  const std::string folder = request.path.substr(0, slash);
  if (absl::EndsWith(folder, "/blobs/uploads")) {
    return last.empty() ? AnswerStart(request) : AnswerUpload(request, last);
  }
  if (absl::EndsWith(folder, "/blobs")) return AnswerBlob(request, last);
  if (absl::EndsWith(folder, "/manifests")) {
    return AnswerManifest(request, last);
  }
  if (absl::EndsWith(folder, "/referrers") && has_referrers_) {
    return AnswerReferrers(last);
  }
  return {404, {{"Content-Type", "text/plain"}}, "404 page not found", {}};
}

FakeReply FakeRegistry::AnswerBlob(const FakeRequest& request,
                                   const std::string& digest) {
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) return ErrorReply(404, "BLOB_UNKNOWN");
  const std::string header = request.Header("range");
  std::string_view range = header;
  uint64_t offset = 0;
  if (!absl::ConsumePrefix(&range, "bytes=") ||
      !absl::ConsumeSuffix(&range, "-") || !absl::SimpleAtoi(range, &offset)) {
    return {200, {}, found->second, std::nullopt};
  }
  const std::string& bytes = found->second;
  if (offset >= bytes.size()) return {416, {}, "", std::nullopt};
  return {206,
          {{"Content-Range", absl::StrCat("bytes ", offset, "-",
                                          bytes.size() - 1, "/",
                                          bytes.size())}},
          bytes.substr(offset),
          std::nullopt};
}

FakeReply FakeRegistry::AnswerStart(const FakeRequest& request) {
  const auto mount = request.query.find("mount");
  if (mount != request.query.end() && blobs_.count(mount->second) > 0) {
    return {201, {}, "", std::nullopt};
  }
  const std::string id = absl::StrCat("upload-", next_upload_++);
  uploads_[id] = "";
  // Relative, and with a query of the registry's own.
  return {202,
          {{"Location", absl::StrCat(request.path, id, "?state=1")},
           {"Range", "0-0"}},
          "",
          std::nullopt};
}

FakeReply FakeRegistry::AnswerUpload(const FakeRequest& request,
                                     const std::string& id) {
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) return ErrorReply(404, "BLOB_UPLOAD_UNKNOWN");
  std::string& upload = found->second;
  if (request.method == "GET") {
    return {204, {{"Range", UploadRange(upload)}}, "", std::nullopt};
  }
  const std::string range = request.Header("content-range");
  if (!range.empty() &&
      !absl::StartsWith(range, absl::StrCat(upload.size(), "-"))) {
    return ErrorReply(416, "BLOB_UPLOAD_INVALID");
  }
  upload += request.body;
  if (request.method == "PATCH") {
    return {202,
            {{"Location", absl::StrCat("http://", host_, request.path,
                                       "?state=2")},
             {"Range", UploadRange(upload)}},
            "",
            std::nullopt};
  }
  const std::string digest = request.query.at("digest");
  if (Sha256(upload).ToString() != digest) {
    return ErrorReply(400, "DIGEST_INVALID");
  }
  blobs_[digest] = std::move(upload);
  uploads_.erase(found);
  return {201, {}, "", std::nullopt};
}

FakeReply FakeRegistry::AnswerManifest(const FakeRequest& request,
                                       const std::string& name) {
  if (request.method == "PUT") {
    const std::string digest = Sha256(request.body).ToString();
    manifests_[name] = request.body;
    manifests_[digest] = request.body;
    FakeReply reply = {
        201, {{"Docker-Content-Digest", digest}}, "", std::nullopt};
    const absl::StatusOr<Json> json = ParseForeignJson(request.body, "body");
    if (has_referrers_ && json.ok() && json->contains("subject")) {
      reply.headers["OCI-Subject"] = json->at("subject").at("digest");
    }
    return reply;
  }
  const auto found = manifests_.find(name);
  if (found == manifests_.end()) return ErrorReply(404, "MANIFEST_UNKNOWN");
  const bool index = absl::StrContains(found->second, "\"manifests\"");
  return {200,
          {{"Content-Type", index ? kIndexType : kManifestType},
           {"Docker-Content-Digest", Sha256(found->second).ToString()}},
          found->second,
          std::nullopt};
}

FakeReply FakeRegistry::AnswerReferrers(const std::string& subject) {
  Json index = {{"manifests", Json::array()},
                {"mediaType", kIndexType},
                {"schemaVersion", 2}};
  for (const auto& [name, bytes] : manifests_) {
    const absl::StatusOr<Json> json = ParseForeignJson(bytes, "manifest");
    if (!absl::StartsWith(name, "sha256:") || !json.ok() ||
        !json->contains("subject") ||
        json->at("subject").at("digest") != subject) {
      continue;
    }
    index["manifests"].push_back({{"artifactType", json->at("artifactType")},
                                  {"digest", name},
                                  {"mediaType", kManifestType},
                                  {"size", bytes.size()}});
  }
  return {200, {{"Content-Type", kIndexType}}, index.dump(), std::nullopt};
}

}  // namespace pedigree
