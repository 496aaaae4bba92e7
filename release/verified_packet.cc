#include "release/verified_packet.h"

#include <cinttypes>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/archive/unpack.h"
#include "release/packet_files.h"
#include "release/verify_state.h"
#include "runtime/base/sha256.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::StatusOr<VerifyReport> VerifyResumed(
    const PacketFiles& packet, const std::optional<Digest>& expected,
    const VerifyRequest& request) {
  const absl::StatusOr<PacketManifest> manifest = ReadPacketManifest(packet);
  // Verifying names what is wrong with it.
  if (!manifest.ok()) return VerifyPacket(packet, expected);
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<VerifyState> state,
      VerifyState::Open(request.resume, manifest->descriptor.digest));
  VerifyReport report = VerifyPacket(ResumedPacket(packet, *state), expected,
                                     request.threads);
  std::fprintf(stderr,
               "note: %" PRIu64 " blobs were not hashed again, as %s says\n",
               state->known(), request.resume.c_str());
  return report;
}

absl::StatusOr<VerifiedPacket> VerifyFiles(
    const std::optional<Digest>& expected, const VerifyRequest& request) {
  PEDIGREE_ASSIGN_OR_RETURN(PacketFiles files, OpenPacketFiles(request.packet));
  VerifiedPacket packet;
  if (request.resume.empty()) {
    packet.report = VerifyPacket(files, expected, request.threads);
  } else {
    PEDIGREE_ASSIGN_OR_RETURN(packet.report,
                              VerifyResumed(files, expected, request));
  }
  packet.source = std::make_unique<PacketFiles>(std::move(files));
  return packet;
}

}  // namespace

void AddVerifyRequest(CLI::App* command, VerifyRequest& request) {
  AddPacketArguments(command, request.packet,
                     "The packet: a directory, or a file made by pack");
  AddDigestOption(command, request.digest);
}

absl::StatusOr<VerifiedPacket> VerifyRequested(const VerifyRequest& request) {
  PEDIGREE_ASSIGN_OR_RETURN(const std::optional<Digest> expected,
                            ExpectedDigest(request.digest));
  PEDIGREE_RETURN_IF_ERROR(CheckPacketArguments(request.packet));
  if (!IsPackedPath(request.packet.packet)) {
    return VerifyFiles(expected, request);
  }
  if (!request.resume.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid --resume: ", request.packet.packet, " is one stream"));
  }
  VerifiedPacket packet;
  PEDIGREE_ASSIGN_OR_RETURN(
      packet.report, VerifyPackedPacket(request.packet.packet, expected,
                                        kMaxRatio, &packet.source));
  return packet;
}

}  // namespace pedigree
