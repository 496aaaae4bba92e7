#include "release/distribution/pull.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "release/distribution/blob_download.h"
#include "release/distribution/claim_artifact.h"
#include "release/distribution/manifests.h"
#include "release/distribution/referrers.h"
#include "release/distribution/transfer.h"
#include "release/for_each_parallel.h"
#include "release/layout.h"
#include "release/oci.h"
#include "release/pending_directory.h"
#include "release/verify.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

// Where blobs are until they are whole, below the partial directory.
constexpr char kIncoming[] = "/incoming";

// A directory that outlives a run that failed, held by one process at a time.
class PartialDirectory {
 public:
  static absl::StatusOr<PartialDirectory> Open(const std::string& path) {
    std::error_code error;
    fs::create_directory(path, error);
    const int fd =
        open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("Cannot create ", path));
    }
    PartialDirectory directory(path, fd);
    struct stat held;
    struct stat there;
    // Whoever had it may have renamed it since it was opened here.
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &held) != 0 ||
        stat(path.c_str(), &there) != 0 || held.st_ino != there.st_ino) {
      return absl::AbortedError(
          absl::StrCat("Cannot use ", path, ": another process does"));
    }
    return directory;
  }
  PartialDirectory(PartialDirectory&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  PartialDirectory& operator=(PartialDirectory&&) = delete;
  ~PartialDirectory() {
    if (fd_ >= 0) close(fd_);
  }

  const std::string& path() const { return path_; }

  std::string Incoming(const Digest& digest) const {
    return absl::StrCat(path_, kIncoming, "/", digest.Hex());
  }

  // Makes the folders, and removes all but the blobs in `wanted` of what an
  // earlier run left.
  absl::Status Prepare(const std::set<std::string>& wanted) const {
    std::error_code error;
    fs::create_directories(absl::StrCat(path_, "/blobs/sha256"), error);
    if (!error) fs::create_directories(absl::StrCat(path_, kIncoming), error);
    if (!error) {
      RemoveOthers(path_, {"blobs", "incoming"}, error);
      RemoveOthers(absl::StrCat(path_, "/blobs"), {"sha256"}, error);
      RemoveOthers(absl::StrCat(path_, "/blobs/sha256"), wanted, error);
      RemoveOthers(absl::StrCat(path_, kIncoming), wanted, error);
    }
    if (!error) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("Cannot prepare ", path_, ": ", error.message()));
  }

  absl::Status Remove() const {
    std::error_code error;
    fs::remove_all(path_, error);
    if (!error) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("Cannot remove ", path_, ": ", error.message()));
  }

 private:
  PartialDirectory(std::string path, int fd)
      : path_(std::move(path)), fd_(fd) {}

  static void RemoveOthers(const std::string& folder,
                           const std::set<std::string>& wanted,
                           std::error_code& error) {
    if (error) return;
    std::vector<fs::path> others;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(folder, error)) {
      if (wanted.count(entry.path().filename().string()) == 0) {
        others.push_back(entry.path());
      }
    }
    for (const fs::path& other : others) {
      if (!error) fs::remove_all(other, error);
    }
  }

  std::string path_;
  int fd_;
};

absl::Status Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("Cannot create ", to));
}

absl::StatusOr<StoredManifest> Resolve(RegistryClient& client) {
  const Reference& reference = client.reference();
  const std::string name = reference.digest.has_value()
                               ? reference.digest->ToString()
                               : reference.tag;
  PEDIGREE_ASSIGN_OR_RETURN(std::optional<StoredManifest> manifest,
                            GetManifest(client, name));
  if (manifest.has_value()) return *std::move(manifest);
  return absl::NotFoundError(
      absl::StrCat(reference.Place(), ": no manifest ", name));
}

// The blobs of a manifest, each digest once, the largest first.
std::vector<Descriptor> WantedBlobs(const OciManifest& manifest) {
  std::map<Digest, Descriptor> unique;
  for (const Descriptor& blob : BlobsOf(manifest)) {
    unique.emplace(blob.digest, blob);
  }
  std::vector<Descriptor> blobs;
  for (auto& [digest, descriptor] : unique) blobs.push_back(descriptor);
  std::stable_sort(blobs.begin(), blobs.end(),
                   [](const Descriptor& a, const Descriptor& b) {
                     return a.size > b.size;
                   });
  return blobs;
}

// Brings one blob to its place in the layout. What is there already was whole
// when it was moved there, and is verified again in the end.
absl::Status FetchBlob(RegistryClient& client, const PartialDirectory& partial,
                       const Descriptor& blob,
                       std::atomic<uint64_t>& received) {
  const std::string path = BlobPath(partial.path(), blob.digest);
  std::error_code error;
  if (fs::exists(path, error)) return absl::OkStatus();
  const std::string incoming = partial.Incoming(blob.digest);
  PEDIGREE_RETURN_IF_ERROR(
      DownloadBlob(client, blob.digest, blob.size, incoming, received));
  return Rename(incoming, path);
}

absl::Status WriteLayoutFiles(const PartialDirectory& partial,
                              const StoredManifest& manifest) {
  Descriptor descriptor;
  descriptor.digest = manifest.digest;
  descriptor.size = manifest.bytes.size();
  std::error_code error;
  fs::remove_all(absl::StrCat(partial.path(), kIncoming), error);
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
      BlobPath(partial.path(), manifest.digest), manifest.bytes));
  PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(
      partial.path() + "/index.json", WriteOciIndex(descriptor)));
  return WriteFileAtomically(partial.path() + "/oci-layout",
                             WriteOciLayoutMarker());
}

absl::Status CheckFree(const std::string& out) {
  std::error_code error;
  if (fs::symlink_status(out, error).type() == fs::file_type::not_found) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat("Cannot create ", out, ": it exists"));
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// The name of a claim's file in `taken`, which maps names to contents.
std::string FreeName(const ClaimLayer& layer, const Digest& artifact,
                     std::string_view artifact_type,
                     const std::map<std::string, std::string>& taken) {
  const std::string_view end = artifact_type == kBundleArtifactType
                                   ? ".sigstore.json"
                                   : ".intoto.jsonl";
  if (!layer.name.empty() && taken.count(layer.name) == 0) return layer.name;
  std::string_view stem = layer.name;
  absl::ConsumeSuffix(&stem, end);
  return absl::StrCat(stem, stem.empty() ? "" : "-", artifact.Hex(), end);
}

class BoundedSink final : public HttpSink {
 public:
  explicit BoundedSink(uint64_t size) : size_(size) {}
  absl::Status Begin(const HttpResponse&) override {
    bytes_.clear();
    return absl::OkStatus();
  }
  absl::Status Write(ByteSpan bytes) override {
    if (bytes.size() > size_ - bytes_.size()) {
      return absl::DataLossError(absl::StrCat("more than ", size_, " bytes"));
    }
    bytes_.append(AsText(bytes));
    return absl::OkStatus();
  }
  std::string bytes_;

 private:
  const uint64_t size_;
};

absl::StatusOr<std::string> GetSmallBlob(RegistryClient& client,
                                         const ClaimLayer& layer) {
  const std::string what = absl::StrCat("blob ", layer.digest.ToString());
  BoundedSink sink(layer.size);
  HttpRequest request;
  request.url = client.Url(absl::StrCat("blobs/", layer.digest.ToString()));
  request.sink = &sink;
  PEDIGREE_ASSIGN_OR_RETURN(const HttpResponse response,
                            client.Send(request, what));
  if (response.status != 200) return client.Error(response, what);
  if (Sha256(sink.bytes_) == layer.digest) return std::move(sink.bytes_);
  return absl::DataLossError(
      absl::StrCat(client.reference().Place(), ": ", what,
                   ": the registry serves ", Sha256(sink.bytes_).ToString()));
}

}  // namespace

absl::StatusOr<PullResult> Pull(RegistryClient& client, size_t parallel,
                                const std::string& out) {
  const std::string target = WithoutSlash(out);
  PEDIGREE_RETURN_IF_ERROR(CheckFree(target));
  PEDIGREE_ASSIGN_OR_RETURN(const StoredManifest manifest, Resolve(client));
  PullResult result;
  result.digest = manifest.digest;
  const std::vector<Descriptor> blobs =
      WantedBlobs(ParseOciManifest(manifest.bytes, &result.faults));
  if (!result.faults.empty()) return result;
  result.blobs_total = blobs.size();

  PEDIGREE_ASSIGN_OR_RETURN(const PartialDirectory partial,
                            PartialDirectory::Open(target + ".partial"));
  std::set<std::string> wanted;
  uint64_t total = 0;
  for (const Descriptor& blob : blobs) {
    wanted.insert(blob.digest.Hex());
    total += blob.size;
  }
  PEDIGREE_RETURN_IF_ERROR(partial.Prepare(wanted));
  std::atomic<uint64_t> received = 0;
  {
    const TransferLine line("pull", received, total);
    PEDIGREE_RETURN_IF_ERROR(
        ForEachParallel(blobs.size(), parallel, [&](size_t i) {
          return FetchBlob(client, partial, blobs[i], received);
        }));
  }
  result.bytes_received = received;
  PEDIGREE_RETURN_IF_ERROR(WriteLayoutFiles(partial, manifest));
  PEDIGREE_ASSIGN_OR_RETURN(VerifyReport report,
                            VerifyPacket(partial.path(), manifest.digest));
  result.faults = std::move(report.faults);
  if (!result.faults.empty()) {
    PEDIGREE_RETURN_IF_ERROR(partial.Remove());
    return result;
  }
  PEDIGREE_RETURN_IF_ERROR(Rename(partial.path(), target));
  return result;
}

absl::StatusOr<size_t> PullClaims(RegistryClient& client, const Digest& packet,
                                  const std::string& out) {
  PEDIGREE_ASSIGN_OR_RETURN(PendingDirectory directory,
                            PendingDirectory::Create(out));
  PEDIGREE_ASSIGN_OR_RETURN(std::vector<Referrer> referrers,
                            ListReferrers(client, packet));
  std::sort(referrers.begin(), referrers.end(),
            [](const Referrer& a, const Referrer& b) {
              return a.digest < b.digest;
            });
  std::map<std::string, std::string> files;
  for (const Referrer& referrer : referrers) {
    if (!MayBeClaim(referrer.artifact_type)) continue;
    PEDIGREE_ASSIGN_OR_RETURN(
        const std::optional<StoredManifest> manifest,
        GetManifest(client, referrer.digest.ToString()));
    // An index may outlive what it names.
    if (!manifest.has_value()) continue;
    const std::string type = ArtifactTypeOf(manifest->bytes);
    if (!IsClaimType(type)) continue;
    const absl::StatusOr<ClaimLayer> layer =
        ParseClaimManifest(manifest->bytes, packet);
    if (!layer.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          client.reference().Place(), ": ", referrer.digest.ToString(), ": ",
          layer.status().message()));
    }
    PEDIGREE_ASSIGN_OR_RETURN(std::string bytes, GetSmallBlob(client, *layer));
    const auto same = files.find(layer->name);
    if (same != files.end() && same->second == bytes) continue;
    files.emplace(FreeName(*layer, referrer.digest, type, files),
                  std::move(bytes));
  }
  for (const auto& [name, bytes] : files) {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string path,
                              directory.PrepareFile(name));
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(path, bytes));
  }
  PEDIGREE_RETURN_IF_ERROR(directory.Commit());
  return files.size();
}

}  // namespace pedigree
