#include "release/distribution/blob_download.h"

#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

// A file that grows, and the hash of what is in it.
class HashedFile {
 public:
  HashedFile() = default;
  HashedFile(const HashedFile&) = delete;
  HashedFile& operator=(const HashedFile&) = delete;
  ~HashedFile() {
    if (fd_ >= 0) close(fd_);
  }

  // Opens and hashes what is there, unless it is more than `max_bytes`.
  absl::Status Open(const std::string& path, uint64_t max_bytes) {
    path_ = path;
    fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct stat info;
    if (fd_ < 0 || fstat(fd_, &info) != 0) return Fail("open");
    if (static_cast<uint64_t>(info.st_size) > max_bytes) return Restart();
    return HashContents();
  }

  absl::Status Restart() {
    if (ftruncate(fd_, 0) != 0) return Fail("truncate");
    hash_ = Sha256Stream();
    size_ = 0;
    return absl::OkStatus();
  }

  absl::Status Append(ByteSpan bytes) {
    hash_.Update(bytes);
    while (!bytes.empty()) {
      const ssize_t count =
          pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return Fail("write");
      size_ += static_cast<uint64_t>(count);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() {
    if (fsync(fd_) != 0) return Fail("write");
    return absl::OkStatus();
  }

  uint64_t size() const { return size_; }
  Digest digest() const {
    Sha256Stream copy = hash_;
    return copy.Finish();
  }

 private:
  absl::Status Fail(std::string_view action) const {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("Cannot ", action, " ", path_));
  }

  absl::Status HashContents() {
    const auto buffer = std::make_unique<uint8_t[]>(kPieceBytes);
    while (true) {
      const ssize_t count = pread(fd_, buffer.get(), kPieceBytes,
                                  static_cast<off_t>(size_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return Fail("read");
      if (count == 0) return absl::OkStatus();
      hash_.Update(ByteSpan(buffer.get(), static_cast<size_t>(count)));
      size_ += static_cast<uint64_t>(count);
    }
  }

  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
  Sha256Stream hash_;
};

class Download final : public HttpSink {
 public:
  Download(RegistryClient& client, const Digest& digest, uint64_t size,
           std::atomic<uint64_t>& received)
      : client_(client),
        digest_(digest),
        size_(size),
        received_(received),
        what_(absl::StrCat("blob ", digest.ToString())) {}

  absl::Status Run(const std::string& path) {
    PEDIGREE_RETURN_IF_ERROR(file_.Open(path, size_));
    const bool had_some = file_.size() > 0;
    absl::Status status = FetchAndCheck();
    // What an earlier run left may be wrong; what came just now is the
    // registry's fault.
    if (absl::IsDataLoss(status) && had_some) status = FetchAndCheck();
    if (!status.ok()) return status;
    return file_.Sync();
  }

  absl::Status Begin(const HttpResponse& head) override {
    if (head.status == 206) {
      if (IsRestOf(head.Header("content-range"), file_.size(), size_)) {
        return absl::OkStatus();
      }
      return Refuse("another range than asked for");
    }
    // The whole blob, whatever was asked for.
    return file_.size() == 0 ? absl::OkStatus() : file_.Restart();
  }

  absl::Status Write(ByteSpan bytes) override {
    if (bytes.size() > size_ - file_.size()) {
      return Refuse(absl::StrCat("more than ", size_, " bytes"));
    }
    received_ += bytes.size();
    return file_.Append(bytes);
  }

 private:
  absl::Status Refuse(std::string_view what) const {
    return absl::DataLossError(absl::StrCat(
        client_.reference().Place(), ": ", what_, ": the registry serves ",
        what));
  }

  // On bytes that are not the blob's nothing stays.
  absl::Status FetchAndCheck() {
    absl::Status status = Fetch();
    if (status.ok() && file_.digest() != digest_) {
      status = Refuse(file_.digest().ToString());
    }
    if (absl::IsDataLoss(status)) PEDIGREE_RETURN_IF_ERROR(file_.Restart());
    return status;
  }

  absl::Status Fetch() {
    int attempt = 0;
    while (file_.size() < size_) {
      const uint64_t before = file_.size();
      const absl::StatusOr<HttpResponse> response = Ask();
      if (file_.size() == size_) break;
      if (file_.size() > before) attempt = 0;
      if (response.ok() && response->status == 416 && before > 0) {
        PEDIGREE_RETURN_IF_ERROR(file_.Restart());
      } else if (!IsTransient(response) && !IsShort(response)) {
        return Failed(response);
      }
      if (!client_.WaitToRetry(++attempt, response)) return Failed(response);
    }
    return absl::OkStatus();
  }

  static bool IsShort(const absl::StatusOr<HttpResponse>& response) {
    return response.ok() &&
           (response->status == 200 || response->status == 206);
  }

  absl::Status Failed(const absl::StatusOr<HttpResponse>& response) const {
    if (!response.ok()) return response.status();
    if (!IsShort(response)) return client_.Error(*response, what_);
    return absl::UnavailableError(absl::StrCat(
        client_.reference().Place(), ": ", what_, ": ", file_.size(),
        " bytes came (expected ", size_, ")"));
  }

  absl::StatusOr<HttpResponse> Ask() {
    HttpRequest request;
    request.url = client_.Url(absl::StrCat("blobs/", digest_.ToString()));
    if (file_.size() > 0) {
      request.headers = {absl::StrCat("Range: bytes=", file_.size(), "-")};
    }
    request.sink = this;
    return client_.SendOnce(request, what_);
  }

  RegistryClient& client_;
  const Digest digest_;
  const uint64_t size_;
  std::atomic<uint64_t>& received_;
  const std::string what_;
  HashedFile file_;
};

}  // namespace

bool IsRestOf(std::string_view header, uint64_t offset, uint64_t size) {
  const std::string range = absl::StrCat("bytes ", offset, "-", size - 1, "/");
  return header == absl::StrCat(range, size) ||
         header == absl::StrCat(range, "*");
}

absl::Status DownloadBlob(RegistryClient& client, const Digest& digest,
                          uint64_t size, const std::string& path,
                          std::atomic<uint64_t>& received) {
  return Download(client, digest, size, received).Run(path);
}

}  // namespace pedigree
