#include "release/build_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "release/blob_list.h"
#include "release/file_stream.h"
#include "release/make_packet.h"
#include "release/oci.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

struct RequestOptions {
  PacketRequest request;
  // "<left>=<right>" each.
  std::vector<std::string> runtimes;
  std::vector<std::string> sources;
};

void AddRequestOptions(CLI::App* command, RequestOptions& options) {
  PacketRequest& r = options.request;
  command->add_option("--name", r.name, "Name of the release")->required();
  command->add_option("--version", r.version, "Version of the release")
      ->required();
  command->add_option("--model", r.model, "The .slm file")->required();
  command->add_option("--manifest", r.model_manifest, "Model manifest")
      ->required();
  command
      ->add_option("--receipt", r.receipts,
                   "Operator receipt; that of the release's own operator first")
      ->required();
  command->add_option("--node", r.node, "Derivation node")->required();
  command->add_option("--ancestor", r.ancestors,
                      "Derivation node of an ancestor");
  command->add_option("--adapter", r.adapters,
                      "Adapter applied at run time, in order");
  command->add_option("--adapter-manifest", r.adapter_manifests,
                      "Manifest of an adapter that made the model, in order");
  command->add_option("--suite", r.suites, "Frozen suite")->required();
  command->add_option("--sidecar", r.sidecars, "Evidence")->required();
  command->add_option("--diagnostics", r.diagnostics, "Counted diagnostics")
      ->required();
  command->add_option("--baseline", r.baselines,
                      "Evidence that the gate compared with");
  command->add_option("--scorecard", r.scorecard,
                      "Scorecard of all the sidecars");
  command->add_option("--policy", r.policy, "Gate policy")->required();
  command->add_option("--decision", r.decision, "Gate decision")->required();
  command->add_option("--runtime", options.runtimes,
                      "TARGET=FILE: runtime for linux-x86_64 or wasm32");
  command->add_option("--license", r.licenses, "Licence text");
  command->add_option("--toolchain-pins", r.toolchain_pins,
                      "JSON list of {name, tree_digest, version}");
  command->add_option("--linked-libraries", r.linked_libraries,
                      "JSON list of {license, name, notices, pin, targets, "
                      "version}: what the runtimes are linked from");
  command->add_option("--source", options.sources,
                      "NAME=FILE: a source that feeds the packet");
}

absl::Status SplitPairs(
    const std::string& flag, const std::vector<std::string>& texts,
    std::vector<std::pair<std::string, std::string>>& pairs) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Invalid ", flag, ": \"", text, "\" (expected NAME=FILE)"));
    }
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return absl::OkStatus();
}

// Describes the packet, or prints why there will be none.
absl::StatusOr<MadePacket> Make(const RequestOptions& options) {
  PacketRequest request = options.request;
  PEDIGREE_RETURN_IF_ERROR(
      SplitPairs("--runtime", options.runtimes, request.runtimes));
  PEDIGREE_RETURN_IF_ERROR(
      SplitPairs("--source", options.sources, request.sources));
  PEDIGREE_ASSIGN_OR_RETURN(MadePacket made, MakePacket(request));
  if (!made.refusals.empty()) {
    std::fprintf(stderr, "No packet of %s:\n", request.name.c_str());
  }
  for (const std::string& refusal : made.refusals) {
    std::fprintf(stderr, "  %s\n", refusal.c_str());
  }
  return made;
}

std::string PacketDigest(const MadePacket& made) {
  return Sha256(made.packet.manifest).ToString();
}

struct BuildOptions {
  RequestOptions request;
  std::string out;
};

absl::StatusOr<Outcome> Build(const BuildOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const MadePacket made, Make(options.request));
  if (!made.refusals.empty()) return Outcome::kBad;
  PEDIGREE_RETURN_IF_ERROR(WritePacket(made, options.out));
  std::printf("packet %s\n", PacketDigest(made).c_str());
  return Outcome::kGood;
}

void AddBuild(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<BuildOptions>();
  CLI::App* command =
      command_line.Add(packet, "build", "Make a packet directory from files",
                       [options] { return Build(*options); });
  AddRequestOptions(command, options->request);
  command->add_option("--out", options->out, "The new packet directory")
      ->required();
}

struct DescribeOptions {
  RequestOptions request;
  std::string manifest;
  std::string config;
  std::string record;
  std::string bom;
  std::string release_node;
  std::string blob_list;
  std::string digest;
};

// Where every blob lies, config and layers, in manifest order.
std::vector<BlobSource> ListBlobs(const DescribeOptions& options,
                                  const MadePacket& made) {
  std::vector<BlobSource> sources = made.blobs;
  sources.push_back({Sha256(made.packet.record), options.record});
  sources.push_back({Sha256(made.packet.bom), options.bom});
  sources.push_back({Sha256(made.packet.release_node), options.release_node});
  std::vector<BlobSource> list = {
      {Sha256(made.packet.config), options.config}};
  for (const Layer& layer : made.packet.layers) {
    for (const BlobSource& source : sources) {
      if (source.digest == layer.digest) list.push_back(source);
    }
  }
  return list;
}

absl::StatusOr<Outcome> Describe(const DescribeOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(const MadePacket made, Make(options.request));
  if (!made.refusals.empty()) return Outcome::kBad;
  const std::pair<std::string, std::string> files[] = {
      {options.manifest, made.packet.manifest},
      {options.config, made.packet.config},
      {options.record, made.packet.record},
      {options.bom, made.packet.bom},
      {options.release_node, made.packet.release_node},
      {options.blob_list, WriteBlobList(ListBlobs(options, made))},
      {options.digest, absl::StrCat(PacketDigest(made), "\n")},
  };
  for (const auto& [path, contents] : files) {
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(path, contents));
  }
  return Outcome::kGood;
}

void AddDescribe(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<DescribeOptions>();
  CLI::App* command = command_line.Add(
      packet, "describe", "Write a packet's documents without copying blobs",
      [options] { return Describe(*options); });
  AddRequestOptions(command, options->request);
  command->add_option("--manifest-out", options->manifest, "OCI manifest")
      ->required();
  command->add_option("--config-out", options->config, "ModelPack config")
      ->required();
  command->add_option("--record-out", options->record, "Release record")
      ->required();
  command->add_option("--bom-out", options->bom, "Bill of materials")
      ->required();
  command
      ->add_option("--release-node-out", options->release_node, "Release node")
      ->required();
  command
      ->add_option("--blob-list-out", options->blob_list,
                   "Digest and path of every blob")
      ->required();
  command->add_option("--digest-out", options->digest, "The packet's digest")
      ->required();
}

struct AssembleOptions {
  std::string manifest;
  std::string blob_list;
  std::string out;
};

absl::StatusOr<Outcome> Assemble(const AssembleOptions& options) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string manifest,
      ReadSmallFile(options.manifest, Links::kFollow, kMaxManifestBytes));
  PEDIGREE_ASSIGN_OR_RETURN(const std::vector<BlobSource> blobs,
                            ReadBlobList(options.blob_list));
  PEDIGREE_RETURN_IF_ERROR(WriteLayout(manifest, {}, blobs, options.out));
  return Outcome::kGood;
}

void AddAssemble(CommandLine& command_line, CLI::App* packet) {
  auto options = std::make_shared<AssembleOptions>();
  CLI::App* command = command_line.Add(
      packet, "assemble", "Make the directory of a described packet",
      [options] { return Assemble(*options); });
  command->add_option("--manifest", options->manifest, "OCI manifest")
      ->required();
  command->add_option("--blob-list", options->blob_list, "From describe")
      ->required();
  command->add_option("--out", options->out, "The new packet directory")
      ->required();
}

}  // namespace

void AddBuildCommands(CommandLine& command_line, CLI::App* packet) {
  AddBuild(command_line, packet);
  AddDescribe(command_line, packet);
  AddAssemble(command_line, packet);
}

}  // namespace pedigree
