#include "release/packet_arguments.h"

#include "runtime/base/status_macros.h"

namespace pedigree {

void AddPacketArguments(CLI::App* command, PacketArguments& arguments,
                        const std::string& what) {
  command->add_option("packet", arguments.packet, what);
  command->add_option("--manifest", arguments.manifest,
                      "OCI manifest of a described packet, instead of a packet");
  command->add_option("--blob-list", arguments.blob_list,
                      "Where the blobs of that manifest lie, from describe");
}

absl::Status CheckPacketArguments(const PacketArguments& arguments) {
  const bool described =
      !arguments.manifest.empty() && !arguments.blob_list.empty();
  const bool half = arguments.manifest.empty() != arguments.blob_list.empty();
  if (!half && described == arguments.packet.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "Invalid arguments: expected one packet, or --manifest and --blob-list");
}

void AddDigestOption(CLI::App* command, std::string& digest) {
  command->add_option("--digest", digest,
                      "sha256:HEX that the packet must have");
}

absl::StatusOr<std::optional<Digest>> ExpectedDigest(const std::string& text) {
  if (text.empty()) return std::nullopt;
  PEDIGREE_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(text));
  return digest;
}

absl::StatusOr<PacketFiles> OpenPacketFiles(const PacketArguments& arguments) {
  PEDIGREE_RETURN_IF_ERROR(CheckPacketArguments(arguments));
  if (!arguments.packet.empty()) {
    return PacketFiles::OpenLayout(arguments.packet);
  }
  return PacketFiles::OpenDescribed(arguments.manifest, arguments.blob_list);
}

}  // namespace pedigree
