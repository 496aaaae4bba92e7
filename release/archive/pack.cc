#include "release/archive/pack.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "release/archive/tar_header.h"
#include "release/file_stream.h"
#include "release/oci.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// A packet whose blobs are believed to be what their names say until they are
// packed, so that large ones are read once.
class UnhashedPacket final : public ForwardedPacket {
 public:
  using ForwardedPacket::ForwardedPacket;

  absl::StatusOr<FileDigest> HashBlob(const Digest& digest) const override {
    return FileDigest{digest, blobs().at(digest)};
  }
};

// A file of the archive that comes from memory.
struct TextFile {
  std::string name;
  std::string text;
};

// A blob, and what messages call it.
struct PackedBlob {
  Digest digest;
  uint64_t size = 0;
  std::string what;
};

class Packer {
 public:
  Packer(const PacketFiles& packet, PacketManifest manifest)
      : packet_(packet) {
    texts_ = {{"oci-layout", WriteOciLayoutMarker()},
              {"index.json", WriteOciIndex(manifest.descriptor)}};
    Add(manifest.descriptor, "packet manifest");
    Add(manifest.manifest.config, "packet config");
    for (const Descriptor& layer : manifest.manifest.layers) {
      Add(layer, layer.file_path);
    }
  }

  uint64_t ContentBytes() const {
    uint64_t bytes = WriteTarEnd().size();
    for (const TextFile& file : texts_) bytes += TarBytes(file.text.size());
    for (const PackedBlob& blob : blobs_) bytes += TarBytes(blob.size);
    return bytes;
  }

  absl::Status Write(FrameWriter& writer) {
    for (const TextFile& file : texts_) {
      PEDIGREE_RETURN_IF_ERROR(
          WriteText(writer, WriteTarHeader({file.name, file.text.size()})));
      PEDIGREE_RETURN_IF_ERROR(WriteText(writer, file.text));
      PEDIGREE_RETURN_IF_ERROR(WritePadding(writer, file.text.size()));
    }
    for (const PackedBlob& blob : blobs_) {
      PEDIGREE_RETURN_IF_ERROR(WriteBlob(writer, blob));
    }
    return WriteText(writer, WriteTarEnd());
  }

 private:
  void Add(const Descriptor& descriptor, std::string what) {
    blobs_.push_back({descriptor.digest, descriptor.size, std::move(what)});
  }

  static uint64_t TarBytes(uint64_t size) {
    return TarHeaderBytes(size) + size + TarPaddingBytes(size);
  }

  static absl::Status WriteText(FrameWriter& writer, std::string_view text) {
    return writer.Write(AsBytes(text));
  }

  static absl::Status WritePadding(FrameWriter& writer, uint64_t size) {
    return WriteText(writer, std::string(TarPaddingBytes(size), '\0'));
  }

  absl::Status WriteBlob(FrameWriter& writer, const PackedBlob& blob) {
    PEDIGREE_RETURN_IF_ERROR(WriteText(
        writer, WriteTarHeader({absl::StrCat("blobs/sha256/", blob.digest.Hex()),
                                blob.size})));
    const BlobFile& file = *packet_.FileOf(blob.digest);
    Sha256Stream hash;
    uint64_t left = blob.size;
    PEDIGREE_RETURN_IF_ERROR(
        StreamFile(file.path, file.links, [&](ByteSpan bytes) -> absl::Status {
          if (bytes.size() > left) return Changed(blob, "it grew");
          left -= bytes.size();
          hash.Update(bytes);
          return writer.Write(bytes);
        }));
    if (left != 0) return Changed(blob, "it shrank");
    if (const Digest found = hash.Finish(); found != blob.digest) {
      return Changed(blob, absl::StrCat("digest is ", found.ToString(),
                                        " (expected ", blob.digest.ToString(),
                                        ")"));
    }
    return WritePadding(writer, blob.size);
  }

  static absl::Status Changed(const PackedBlob& blob, std::string_view how) {
    return absl::DataLossError(
        absl::StrCat("Corrupted ", blob.what, ": ", how));
  }

  const PacketFiles& packet_;
  std::vector<TextFile> texts_;
  std::vector<PackedBlob> blobs_;
};

}  // namespace

absl::StatusOr<PackResult> PackPacket(
    const PacketFiles& packet, const std::optional<Digest>& expected_digest,
    const CompressionOptions& options, int threads, const std::string& out) {
  PackResult result;
  result.report = VerifyPacket(UnhashedPacket(packet), expected_digest);
  if (!result.report.faults.empty()) return result;
  PEDIGREE_ASSIGN_OR_RETURN(PacketManifest manifest,
                            ReadPacketManifest(packet));
  Packer packer(packet, std::move(manifest));
  result.content_bytes = packer.ContentBytes();
  PEDIGREE_ASSIGN_OR_RETURN(
      FrameWriter writer,
      FrameWriter::Create(out, options, result.content_bytes, threads));
  PEDIGREE_RETURN_IF_ERROR(packer.Write(writer));
  PEDIGREE_ASSIGN_OR_RETURN(result.packed_bytes, writer.Finish());
  return result;
}

}  // namespace pedigree
