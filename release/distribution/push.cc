#include "release/distribution/push.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/distribution/manifests.h"
#include "release/distribution/referrers.h"
#include "release/distribution/transfer.h"
#include "release/for_each_parallel.h"
#include "release/oci.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

UploadSource TextSource(std::string_view text) {
  return {Sha256(text), text.size(), "", std::string(text)};
}

// One push under way.
class Pusher {
 public:
  Pusher(RegistryClient& client, const PushOptions& options,
         const UploadJournal& journal)
      : client_(client), options_(options), journal_(journal) {}

  absl::Status SendBlobs(std::vector<const UploadSource*> blobs) {
    // The largest first: it decides how long all take.
    std::stable_sort(blobs.begin(), blobs.end(),
                     [](const UploadSource* a, const UploadSource* b) {
                       return a->size > b->size;
                     });
    return ForEachParallel(blobs.size(), options_.parallel,
                           [&](size_t i) { return SendBlob(*blobs[i]); });
  }

  absl::Status SendManifest(const PushPacket& packet) {
    const std::string& tag = client_.reference().tag;
    return PutManifest(client_, tag.empty() ? packet.digest.ToString() : tag,
                       packet.manifest, kManifestMediaType)
        .status();
  }

  absl::Status SendClaim(const ClaimFile& claim, const Descriptor& subject) {
    const std::string manifest = WriteClaimManifest(claim, subject);
    const UploadSource config = TextSource(kEmptyConfig);
    const UploadSource layer = TextSource(claim.bytes);
    PEDIGREE_RETURN_IF_ERROR(SendBlobs({&config, &layer}));
    const Digest digest = Sha256(manifest);
    PEDIGREE_ASSIGN_OR_RETURN(
        const HttpResponse response,
        PutManifest(client_, digest.ToString(), manifest, kManifestMediaType));
    // Only a registry with a referrers API knows what a subject is.
    if (response.Header("oci-subject").empty()) {
      PEDIGREE_RETURN_IF_ERROR(UpdateReferrersTag(
          client_, subject.digest, ClaimDescriptor(claim, manifest)));
    }
    claims_.push_back(digest);
    return absl::OkStatus();
  }

  const std::atomic<uint64_t>& bytes_sent() const { return bytes_sent_; }

  PushResult Result() && {
    return {blobs_sent_, blobs_mounted_, bytes_sent_, std::move(claims_)};
  }

 private:
  absl::Status SendBlob(const UploadSource& blob) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const UploadOutcome outcome,
        UploadBlob(client_, blob, options_.upload, journal_, bytes_sent_));
    if (outcome == UploadOutcome::kSent) ++blobs_sent_;
    if (outcome == UploadOutcome::kMounted) ++blobs_mounted_;
    return absl::OkStatus();
  }

  RegistryClient& client_;
  const PushOptions& options_;
  const UploadJournal& journal_;
  std::atomic<uint64_t> blobs_sent_ = 0;
  std::atomic<uint64_t> blobs_mounted_ = 0;
  std::atomic<uint64_t> bytes_sent_ = 0;
  std::vector<Digest> claims_;
};

absl::StatusOr<UploadSource> BlobOf(const PacketFiles& packet,
                                    const Descriptor& descriptor) {
  const Digest& digest = descriptor.digest;
  if (packet.blobs().count(digest) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Missing blob ", digest.ToString()));
  }
  const BlobFile& file = *packet.FileOf(digest);
  if (file.size != descriptor.size) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid blob ", digest.ToString(), ": ", file.size,
                     " bytes (expected ", descriptor.size, ")"));
  }
  return UploadSource{digest, file.size, file.path, ""};
}

}  // namespace

absl::StatusOr<PushPacket> OpenPushPacket(const PacketFiles& packet) {
  if (!packet.faults().empty()) {
    return absl::InvalidArgumentError(packet.faults().front());
  }
  PEDIGREE_ASSIGN_OR_RETURN(PacketManifest read, ReadPacketManifest(packet));
  PushPacket result;
  result.manifest = std::move(read.text);
  result.digest = read.descriptor.digest;
  for (const Descriptor& descriptor : BlobsOf(read.manifest)) {
    PEDIGREE_ASSIGN_OR_RETURN(UploadSource blob, BlobOf(packet, descriptor));
    result.blobs.push_back(std::move(blob));
  }
  return result;
}

absl::StatusOr<PushResult> Push(RegistryClient& client,
                                const PushPacket& packet,
                                const std::vector<ClaimFile>& claims,
                                const PushOptions& options,
                                const UploadJournal& journal) {
  Pusher pusher(client, options, journal);
  uint64_t total = 0;
  std::vector<const UploadSource*> blobs;
  for (const UploadSource& blob : packet.blobs) {
    total += blob.size;
    blobs.push_back(&blob);
  }
  {
    const TransferLine line("push", pusher.bytes_sent(), total);
    PEDIGREE_RETURN_IF_ERROR(pusher.SendBlobs(std::move(blobs)));
  }
  PEDIGREE_RETURN_IF_ERROR(pusher.SendManifest(packet));
  Descriptor subject;
  subject.digest = packet.digest;
  subject.size = packet.manifest.size();
  for (const ClaimFile& claim : claims) {
    PEDIGREE_RETURN_IF_ERROR(pusher.SendClaim(claim, subject));
  }
  return std::move(pusher).Result();
}

}  // namespace pedigree
