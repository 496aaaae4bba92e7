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

absl::StatusOr<PacketFiles> OpenPacketFiles(const PacketArguments& arguments) {
  PEDIGREE_RETURN_IF_ERROR(CheckPacketArguments(arguments));
  if (!arguments.packet.empty()) {
    return PacketFiles::OpenLayout(arguments.packet);
  }
  return PacketFiles::OpenDescribed(arguments.manifest, arguments.blob_list);
}

}  // namespace pedigree
