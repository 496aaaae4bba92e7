#include "release/lineage/packet_facts.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "release/layout.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::StatusOr<std::string> ReadBlob(const std::string& path,
                                     std::string_view what,
                                     const Digest& digest, uint64_t max_bytes) {
  PEDIGREE_ASSIGN_OR_RETURN(
      std::string text,
      ReadSmallFile(BlobPath(path, digest), Links::kRefuse, max_bytes));
  const Digest found = Sha256(text);
  if (found == digest) return text;
  return absl::DataLossError(
      absl::StrCat("Corrupted ", what, ": digest is ", found.ToString(),
                   " (expected ", digest.ToString(), "), ", path));
}

absl::StatusOr<OciManifest> ReadManifest(const std::string& path,
                                         Digest* digest) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string index,
      ReadSmallFile(absl::StrCat(path, "/index.json"), Links::kRefuse,
                    kMaxIndexBytes));
  PEDIGREE_ASSIGN_OR_RETURN(const Descriptor descriptor, ParseOciIndex(index));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadBlob(path, "packet manifest", descriptor.digest,
                                     kMaxManifestBytes));
  std::vector<std::string> faults;
  OciManifest manifest = ParseOciManifest(text, &faults);
  if (!faults.empty()) return absl::InvalidArgumentError(faults[0]);
  *digest = descriptor.digest;
  return manifest;
}

absl::Status ReadRecord(const std::string& path, const Descriptor& layer,
                        google::protobuf::Message* record) {
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadBlob(path, layer.file_path, layer.digest, kMaxDocumentBytes));
  return ParseCanonicalRecord(text, layer.file_path, record);
}

}  // namespace

absl::StatusOr<PacketFacts> PacketFactsReader::Read(const std::string& path) {
  PacketFacts facts;
  PEDIGREE_ASSIGN_OR_RETURN(const OciManifest manifest,
                            ReadManifest(path, &facts.digest));
  for (const Descriptor& layer : manifest.layers) {
    const std::optional<LayerKind> kind = LayerKindOfFilePath(layer.file_path);
    if (!kind.has_value()) continue;
    const absl::Status status = ReadLayer(path, *kind, layer, facts);
    if (!status.ok()) return AnnotateWithPath(status, path);
  }
  if (facts.nodes.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": Invalid packet: no derivation node"));
  }
  return facts;
}

absl::Status PacketFactsReader::ReadLayer(const std::string& path,
                                          LayerKind kind,
                                          const Descriptor& layer,
                                          PacketFacts& facts) {
  switch (kind) {
    case LayerKind::kRecord:
      return ReadRecord(path, layer, &facts.record);
    case LayerKind::kReleaseNode:
      return ReadRecord(path, layer, &facts.release_node);
    case LayerKind::kDecision:
      return ReadRecord(path, layer, &facts.decision);
    case LayerKind::kReceipt:
      return ReadRecord(path, layer, &facts.receipts.emplace_back());
    case LayerKind::kDerivationNode:
    case LayerKind::kAncestorNode: {
      PEDIGREE_ASSIGN_OR_RETURN(packager::DerivationNode node,
                                ReadNode(path, layer));
      facts.nodes.push_back(std::move(node));
      return absl::OkStatus();
    }
    default:
      return absl::OkStatus();
  }
}

absl::StatusOr<packager::DerivationNode> PacketFactsReader::ReadNode(
    const std::string& path, const Descriptor& layer) {
  const auto known = nodes_.find(layer.digest);
  if (known != nodes_.end()) return known->second;
  packager::DerivationNode node;
  PEDIGREE_RETURN_IF_ERROR(ReadRecord(path, layer, &node));
  nodes_[layer.digest] = node;
  return node;
}

}  // namespace pedigree
