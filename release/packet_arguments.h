// How a command is told which packet to read: a directory, or the manifest and
// the blob list of one that was only described.

#ifndef PEDIGREE_RELEASE_PACKET_ARGUMENTS_H_
#define PEDIGREE_RELEASE_PACKET_ARGUMENTS_H_

#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/packet_files.h"
#include "runtime/base/sha256.h"

namespace pedigree {

struct PacketArguments {
  // A path; or, when it is empty, both of the others.
  std::string packet;
  std::string manifest;
  std::string blob_list;
};

// Adds the positional `packet`, whose help text is `what`, and the flags
// `--manifest` and `--blob-list`.
void AddPacketArguments(CLI::App* command, PacketArguments& arguments,
                        const std::string& what = "The packet directory");

// Errors: kInvalidArgument unless exactly one packet is named.
absl::Status CheckPacketArguments(const PacketArguments& arguments);

// Adds `--digest`, which ExpectedDigest reads.
void AddDigestOption(CLI::App* command, std::string& digest);

// The digest of `sha256:HEX`; nothing for an empty text.
//
// Errors: kInvalidArgument.
absl::StatusOr<std::optional<Digest>> ExpectedDigest(const std::string& text);

// Errors: as CheckPacketArguments, and those of PacketFiles.
absl::StatusOr<PacketFiles> OpenPacketFiles(const PacketArguments& arguments);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PACKET_ARGUMENTS_H_
