#include "release/statements/statement_parts.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "release/layout.h"
#include "release/oci.h"
#include "release/packet_files.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Documents that statements speak of; the others are named by digest only.
bool IsRead(LayerKind kind) {
  switch (kind) {
    case LayerKind::kSidecar:
    case LayerKind::kBaseline:
    case LayerKind::kDecision:
    case LayerKind::kAncestorNode:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<std::string> ReadDocument(const Descriptor& layer,
                                         const PacketSource& packet) {
  if (packet.blobs().count(layer.digest) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Missing blob ", layer.digest.ToString(), ": ", layer.file_path));
  }
  PEDIGREE_ASSIGN_OR_RETURN(std::string text,
                            packet.ReadBlob(layer.digest, kMaxDocumentBytes));
  const Digest found = Sha256(text);
  if (found == layer.digest) return text;
  return absl::DataLossError(absl::StrCat(
      "Corrupted ", layer.file_path, ": digest is ", found.ToString(),
      " (expected ", layer.digest.ToString(), ")"));
}

absl::Status AddLayer(const Descriptor& layer, const PacketSource& packet,
                      StatementParts& parts) {
  const std::optional<LayerKind> kind = LayerKindOfFilePath(layer.file_path);
  if (!kind.has_value() || !IsSafeFilePath(layer.file_path)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid packet manifest: layer ", layer.digest.ToString(),
        " has a name that no packet has"));
  }
  parts.layers.push_back({*kind, layer.file_path, layer.digest, layer.size});
  if (*kind != LayerKind::kRecord && !IsRead(*kind)) return absl::OkStatus();
  PEDIGREE_ASSIGN_OR_RETURN(const std::string text,
                            ReadDocument(layer, packet));
  const absl::Status status =
      *kind == LayerKind::kRecord
          ? ParseCanonicalRecord(text, "release record", &parts.record)
          : AddDocument(*kind, text, parts.contents);
  return AnnotateWithPath(status, layer.file_path);
}

}  // namespace

absl::StatusOr<StatementParts> LoadStatementParts(const PacketSource& packet) {
  PEDIGREE_ASSIGN_OR_RETURN(const PacketManifest manifest,
                            ReadPacketManifest(packet));
  StatementParts parts;
  parts.packet = manifest.descriptor.digest;
  for (const Descriptor& layer : manifest.manifest.layers) {
    PEDIGREE_RETURN_IF_ERROR(AddLayer(layer, packet, parts));
  }
  if (parts.record.schema_version().empty()) {
    return absl::InvalidArgumentError(
        "Invalid packet manifest: no layer is named record.json");
  }
  return parts;
}

}  // namespace pedigree
