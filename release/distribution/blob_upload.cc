#include "release/distribution/blob_upload.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Sessions that a registry forgot before the upload is given up.
constexpr int kMaxSessions = 5;

class Upload {
 public:
  Upload(RegistryClient& client, const UploadSource& source,
         const UploadOptions& options, const UploadJournal& journal,
         std::atomic<uint64_t>& sent)
      : client_(client),
        source_(source),
        options_(options),
        journal_(journal),
        sent_(sent),
        what_(absl::StrCat("blob ", source.digest.ToString())),
        place_(client.reference().Place()),
        chunk_bytes_(std::max<uint64_t>(options.chunk_bytes, 1)) {}
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;
  ~Upload() {
    if (file_ >= 0) close(file_);
  }

  absl::StatusOr<UploadOutcome> Run() {
    PEDIGREE_ASSIGN_OR_RETURN(const bool there, IsThere());
    if (there) return UploadOutcome::kWasThere;
    PEDIGREE_RETURN_IF_ERROR(OpenSource());
    for (int session = 1;; ++session) {
      const absl::StatusOr<UploadOutcome> outcome = RunSession();
      // 404: the registry does not know the session any more.
      if (outcome.ok() || !absl::IsNotFound(outcome.status()) ||
          session == kMaxSessions) {
        return outcome;
      }
      journal_.Forget(place_, source_.digest);
    }
  }

 private:
  absl::StatusOr<bool> IsThere() {
    HttpRequest request;
    request.method = "HEAD";
    request.url =
        client_.Url(absl::StrCat("blobs/", source_.digest.ToString()));
    PEDIGREE_ASSIGN_OR_RETURN(const HttpResponse response,
                              client_.Send(request, what_));
    if (response.status == 200) return true;
    if (response.status == 404) return false;
    return client_.Error(response, what_);
  }

  absl::Status OpenSource() {
    if (source_.path.empty()) return absl::OkStatus();
    file_ = open(source_.path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (file_ < 0 || fstat(file_, &info) != 0) {
      return absl::ErrnoToStatus(errno,
                                 absl::StrCat("Cannot open ", source_.path));
    }
    const uint64_t size = static_cast<uint64_t>(info.st_size);
    if (S_ISREG(info.st_mode) && size == source_.size) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat("Invalid ", what_, ": ", size, " bytes (expected ",
                     source_.size, "), ", source_.path));
  }

  HttpBody Bytes(uint64_t offset, uint64_t size) const {
    if (file_ >= 0) return HttpBody::File(file_, offset, size);
    return HttpBody::Text(
        std::string_view(source_.text).substr(offset, size));
  }

  absl::StatusOr<UploadOutcome> RunSession() {
    const bool chunked = source_.size > chunk_bytes_;
    resumed_ = chunked && Resume();
    if (!resumed_) {
      PEDIGREE_ASSIGN_OR_RETURN(const bool mounted, Start());
      if (mounted) return UploadOutcome::kMounted;
    }
    if (!chunked) {
      PEDIGREE_RETURN_IF_ERROR(SendWhole());
    } else {
      PEDIGREE_RETURN_IF_ERROR(SendChunks());
      PEDIGREE_RETURN_IF_ERROR(FinishOrForget());
    }
    journal_.Forget(place_, source_.digest);
    return UploadOutcome::kSent;
  }

  // Whether the session of an earlier run is still there.
  bool Resume() {
    const std::optional<std::string> location =
        journal_.Find(place_, source_.digest);
    if (!location.has_value()) return false;
    const absl::StatusOr<std::string> url =
        client_.Follow(client_.Url(""), *location);
    if (!url.ok()) return false;
    location_ = *url;
    return AskOffset().ok();
  }

  // Opens a session; true when the registry took the blob from elsewhere.
  absl::StatusOr<bool> Start() {
    HttpRequest request;
    request.method = "POST";
    request.url = client_.Url("blobs/uploads/");
    if (!options_.mount_from.empty()) {
      absl::StrAppend(&request.url,
                      "?mount=", EscapeForUrl(source_.digest.ToString()),
                      "&from=", EscapeForUrl(options_.mount_from));
    }
    request.body = HttpBody::Text("");
    PEDIGREE_ASSIGN_OR_RETURN(const HttpResponse response,
                              client_.Send(request, what_));
    if (response.status == 201) return true;
    if (response.status != 202) {
      const absl::Status status = client_.Error(response, what_);
      // No session was lost: there is no such repository.
      if (!absl::IsNotFound(status)) return status;
      return absl::FailedPreconditionError(status.message());
    }
    PEDIGREE_RETURN_IF_ERROR(Move(request.url, response));
    uint64_t least = 0;
    if (absl::SimpleAtoi(response.Header("oci-chunk-min-length"), &least)) {
      chunk_bytes_ = std::max(chunk_bytes_, least);
    }
    offset_ = 0;
    return false;
  }

  // Takes the session's address from an answer.
  absl::Status Move(const std::string& url, const HttpResponse& response) {
    const absl::StatusOr<std::string> location =
        client_.Follow(url, response.Header("location"));
    if (!location.ok()) {
      return absl::FailedPreconditionError(absl::StrCat(
          place_, ": ", what_, ": ", location.status().message()));
    }
    location_ = *location;
    return absl::OkStatus();
  }

  HttpRequest CompletingRequest() const {
    HttpRequest request;
    request.method = "PUT";
    request.url = absl::StrCat(
        location_, absl::StrContains(location_, '?') ? "&" : "?",
        "digest=", EscapeForUrl(source_.digest.ToString()));
    request.headers = {"Content-Type: application/octet-stream"};
    request.sent = &sent_;
    return request;
  }

  // Small blobs: a failed request is sent again from its start, in a session of
  // its own, since nobody knows what became of the first.
  absl::Status SendWhole() {
    for (int attempt = 1;; ++attempt) {
      HttpRequest request = CompletingRequest();
      request.body = Bytes(0, source_.size);
      const absl::StatusOr<HttpResponse> response =
          client_.SendOnce(request, what_);
      if (!IsTransient(response) || !client_.WaitToRetry(attempt, response)) {
        return Completed(response);
      }
      PEDIGREE_ASSIGN_OR_RETURN(const bool there, IsThere());
      if (there) return absl::OkStatus();
      PEDIGREE_ASSIGN_OR_RETURN(const bool mounted, Start());
      if (mounted) return absl::OkStatus();
    }
  }

  absl::Status Completed(const absl::StatusOr<HttpResponse>& response) const {
    if (!response.ok()) return response.status();
    if (response->status == 201 || response->status == 204) {
      return absl::OkStatus();
    }
    return client_.Error(*response, what_);
  }

  absl::Status SendChunks() {
    int attempt = 0;
    while (offset_ < source_.size) {
      journal_.Record(place_, source_.digest, location_);
      const uint64_t before = offset_;
      const absl::StatusOr<HttpResponse> response = SendChunk();
      if (response.ok() && response->status == 202) {
        PEDIGREE_RETURN_IF_ERROR(Advance(*response));
        if (offset_ > before) attempt = 0;
        if (offset_ > before || ++attempt < kMaxSessions) continue;
        return Stuck();
      }
      // 416: this side and the registry differ about the offset.
      const bool differs = response.ok() && response->status == 416;
      if (!differs && !IsTransient(response)) return Failed(response);
      if (!client_.WaitToRetry(++attempt, response)) return Failed(response);
      PEDIGREE_RETURN_IF_ERROR(AskAgain());
      if (offset_ > before) attempt = 0;
    }
    return absl::OkStatus();
  }

  absl::Status Stuck() const {
    return absl::FailedPreconditionError(
        absl::StrCat(place_, ": ", what_, ": the registry takes no more than ",
                     offset_, " of ", source_.size, " bytes"));
  }

  absl::Status Failed(const absl::StatusOr<HttpResponse>& response) const {
    if (!response.ok()) return response.status();
    return client_.Error(*response, what_);
  }

  absl::StatusOr<HttpResponse> SendChunk() {
    const uint64_t size = std::min(chunk_bytes_, source_.size - offset_);
    HttpRequest request;
    request.method = "PATCH";
    request.url = location_;
    request.headers = {
        "Content-Type: application/octet-stream",
        absl::StrCat("Content-Range: ", offset_, "-", offset_ + size - 1)};
    request.body = Bytes(offset_, size);
    request.sent = &sent_;
    return client_.SendOnce(request, what_);
  }

  // After a chunk that was taken, perhaps not as a whole.
  absl::Status Advance(const HttpResponse& response) {
    const uint64_t end =
        offset_ + std::min(chunk_bytes_, source_.size - offset_);
    PEDIGREE_RETURN_IF_ERROR(Move(location_, response));
    const std::optional<uint64_t> stored =
        ParseUploadRange(response.Header("range"));
    return SetOffset(stored.value_or(end));
  }

  absl::Status SetOffset(uint64_t stored) {
    if (stored > source_.size) {
      return absl::FailedPreconditionError(absl::StrCat(
          place_, ": ", what_, ": the registry claims ", stored,
          " bytes of ", source_.size));
    }
    offset_ = stored;
    return absl::OkStatus();
  }

  // Asks the registry how much it has. kNotFound: the session is gone.
  absl::Status AskOffset() {
    HttpRequest request;
    request.url = location_;
    PEDIGREE_ASSIGN_OR_RETURN(const HttpResponse response,
                              client_.Send(request, what_));
    if (response.status != 204) return client_.Error(response, what_);
    if (!response.Header("location").empty()) {
      PEDIGREE_RETURN_IF_ERROR(Move(location_, response));
    }
    return SetOffset(ParseUploadRange(response.Header("range")).value_or(0));
  }

  // What an earlier run left may be wrong; then all is sent again.
  absl::Status FinishOrForget() {
    const absl::Status status = Finish();
    if (status.ok() || !resumed_ || absl::IsUnavailable(status)) return status;
    return absl::NotFoundError(status.message());
  }

  // A session that cannot say where it stands is as good as lost.
  absl::Status AskAgain() {
    const absl::Status asked = AskOffset();
    if (asked.ok() || absl::IsUnavailable(asked)) return asked;
    return absl::NotFoundError(asked.message());
  }

  absl::Status Finish() {
    for (int attempt = 1;; ++attempt) {
      HttpRequest request = CompletingRequest();
      request.body = HttpBody::Text("");
      const absl::StatusOr<HttpResponse> response =
          client_.SendOnce(request, what_);
      if (!IsTransient(response) || !client_.WaitToRetry(attempt, response)) {
        return Completed(response);
      }
      PEDIGREE_ASSIGN_OR_RETURN(const bool there, IsThere());
      if (there) return absl::OkStatus();
    }
  }

  RegistryClient& client_;
  const UploadSource& source_;
  const UploadOptions& options_;
  const UploadJournal& journal_;
  std::atomic<uint64_t>& sent_;
  const std::string what_;
  const std::string place_;
  uint64_t chunk_bytes_;
  int file_ = -1;
  // The session's address, and how much of the blob it has.
  std::string location_;
  uint64_t offset_ = 0;
  // Whether an earlier run opened it.
  bool resumed_ = false;
};

}  // namespace

std::optional<uint64_t> ParseUploadRange(std::string_view range) {
  absl::ConsumePrefix(&range, "bytes=");
  uint64_t last = 0;
  if (!absl::ConsumePrefix(&range, "0-") ||
      range.find_first_not_of("0123456789") != std::string_view::npos ||
      !absl::SimpleAtoi(range, &last) || last == UINT64_MAX) {
    return std::nullopt;
  }
  return last == 0 ? 0 : last + 1;
}

absl::StatusOr<UploadOutcome> UploadBlob(RegistryClient& client,
                                         const UploadSource& source,
                                         const UploadOptions& options,
                                         const UploadJournal& journal,
                                         std::atomic<uint64_t>& sent) {
  return Upload(client, source, options, journal, sent).Run();
}

}  // namespace pedigree
