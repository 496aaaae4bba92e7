// A packet asked for by paths: the files it is to be made of.

#ifndef PEDIGREE_RELEASE_PACKET_REQUEST_H_
#define PEDIGREE_RELEASE_PACKET_REQUEST_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "release/layout.h"
#include "release/packet_builder.h"
#include "release/packet_contents.h"

namespace pedigree {

// Paths on this machine; none of them reaches the packet.
struct PacketRequest {
  std::string name;
  std::string version;
  std::string model;
  std::string model_manifest;
  // That of the operator that made the release first.
  std::vector<std::string> receipts;
  std::string node;
  std::vector<std::string> ancestors;
  std::vector<std::string> adapters;
  std::vector<std::string> adapter_manifests;
  // In any order: the decision's is taken.
  std::vector<std::string> suites;
  std::vector<std::string> sidecars;
  std::vector<std::string> diagnostics;
  std::vector<std::string> baselines;
  // Empty for none.
  std::string scorecard;
  std::string policy;
  std::string decision;
  // Pairs of a target ("linux-x86_64", "wasm32") and a path.
  std::vector<std::pair<std::string, std::string>> runtimes;
  std::vector<std::string> licenses;
  // A JSON list of {"name", "tree_digest", "version"}; empty for none.
  std::string toolchain_pins;
  // What the runtimes are linked from: a JSON list of {"license", "name",
  // "notices", "pin", "targets", "version"} by name and pin, `notices` a list of
  // paths; empty for none.
  std::string linked_libraries;
  // Pairs of the name of a source, a path below its workspace, and a path.
  std::vector<std::pair<std::string, std::string>> sources;
};

// A request whose files were read, and where the blobs among them are.
struct LoadedRequest {
  PacketContents contents;
  std::vector<BlobSource> blobs;
};

// Reads and hashes the files of `request`. Equal files given twice count once,
// except adapters.
//
// Errors: those of reading a file, and kInvalidArgument for one that is not the
// record it is given as; the message names the path.
absl::StatusOr<LoadedRequest> LoadRequest(const PacketRequest& request);

// The digest of sources: SHA-256 of one line each, "<64 hex>  <name>\n", sorted
// by name; "sha256:<hex>", or empty for no sources.
absl::StatusOr<std::string> DigestSources(
    const std::vector<std::pair<std::string, std::string>>& sources);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_PACKET_REQUEST_H_
