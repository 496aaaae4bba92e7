#include "release/export.h"

#include "absl/strings/str_cat.h"
#include "release/file_stream.h"
#include "release/pending_directory.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status ExportLayer(const PacketFiles& packet, const Layer& layer,
                         PendingDirectory& out) {
  PEDIGREE_CHECK(IsSafeFilePath(layer.file_path));
  PEDIGREE_ASSIGN_OR_RETURN(const std::string path,
                            out.PrepareFile(layer.file_path));
  const BlobFile& file = *packet.FileOf(layer.digest);
  PEDIGREE_ASSIGN_OR_RETURN(const FileDigest copied,
                            CopyFile(file.path, file.links, path,
                                     layer.kind == LayerKind::kRuntime));
  if (copied.digest == layer.digest) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("Corrupted ", layer.file_path, ": digest is ",
                   copied.digest.ToString(), " (expected ",
                   layer.digest.ToString(), ")"));
}

}  // namespace

absl::Status ExportLayers(const PacketFiles& packet,
                          const std::vector<Layer>& layers,
                          const std::string& out) {
  PEDIGREE_ASSIGN_OR_RETURN(PendingDirectory pending,
                            PendingDirectory::Create(out));
  for (const Layer& layer : layers) {
    PEDIGREE_RETURN_IF_ERROR(ExportLayer(packet, layer, pending));
  }
  return pending.Commit();
}

}  // namespace pedigree
