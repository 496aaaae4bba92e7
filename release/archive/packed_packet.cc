#include "release/archive/packed_packet.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "release/layer.h"
#include "release/layout.h"
#include "release/oci.h"
#include "release/printable.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;

absl::Status Invalid(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid packed packet: ", what));
}

std::string BlobName(const Digest& digest) {
  return absl::StrCat("blobs/sha256/", digest.Hex());
}

// Whether verifying parses the layer, as opposed to hashing it.
bool IsParsed(const Descriptor& layer) {
  const std::optional<LayerKind> kind = LayerKindOfFilePath(layer.file_path);
  return kind.has_value() && IsDocument(*kind) &&
         layer.size <= kMaxDocumentBytes;
}

}  // namespace

class PackedReader {
 public:
  PackedReader(ReadBytes input, const FrameLimits& limits, EntrySink* sink)
      : frame_(std::move(input), limits),
        sink_(sink),
        buffer_(std::make_unique<uint8_t[]>(kPieceBytes)) {}

  absl::StatusOr<PackedPacket> Read() {
    PEDIGREE_RETURN_IF_ERROR(ReadMarker());
    PEDIGREE_ASSIGN_OR_RETURN(const Descriptor manifest, ReadIndex());
    PEDIGREE_RETURN_IF_ERROR(ReadManifest(manifest));
    for (const Descriptor& layer : layers_) {
      PEDIGREE_RETURN_IF_ERROR(ReadLayer(layer));
    }
    PEDIGREE_RETURN_IF_ERROR(ReadEnd());
    return std::move(packet_);
  }

 private:
  absl::Status ReadMarker() {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string marker,
                              ReadText("oci-layout", kMaxIndexBytes));
    if (marker == WriteOciLayoutMarker()) return absl::OkStatus();
    return Invalid("oci-layout is not what pack writes");
  }

  absl::StatusOr<Descriptor> ReadIndex() {
    PEDIGREE_ASSIGN_OR_RETURN(packet_.index_,
                              ReadText("index.json", kMaxIndexBytes));
    PEDIGREE_ASSIGN_OR_RETURN(Descriptor manifest,
                              ParseOciIndex(packet_.index_));
    if (packet_.index_ == WriteOciIndex(manifest)) return manifest;
    return Invalid("index.json is not what pack writes");
  }

  absl::Status ReadManifest(const Descriptor& descriptor) {
    if (descriptor.size > kMaxManifestBytes) {
      return Invalid(absl::StrCat("manifest of ", descriptor.size,
                                  " bytes (at most ", kMaxManifestBytes, ")"));
    }
    PEDIGREE_RETURN_IF_ERROR(ReadBlob(descriptor, /*keep=*/true));
    const Digest found = packet_.hashes_.at(descriptor.digest).digest;
    if (found != descriptor.digest) {
      return absl::DataLossError(absl::StrCat(
          "Corrupted packet manifest: digest is ", found.ToString(),
          " (expected ", descriptor.digest.ToString(), ")"));
    }
    std::vector<std::string> faults;
    const OciManifest manifest =
        ParseOciManifest(packet_.documents_.at(found), &faults);
    if (!faults.empty()) return absl::InvalidArgumentError(faults[0]);
    config_ = manifest.config.digest;
    layers_ = BlobsOf(manifest);
    return absl::OkStatus();
  }

  absl::Status ReadLayer(const Descriptor& layer) {
    if (packet_.blobs_.count(layer.digest) != 0) {
      return Invalid(absl::StrCat("its manifest names blob ",
                                  layer.digest.ToString(), " twice"));
    }
    const bool keep =
        (layer.digest == config_ || IsParsed(layer)) &&
        layer.size <= kMaxKeptBytes - kept_bytes_;
    if (keep) kept_bytes_ += layer.size;
    return ReadBlob(layer, keep);
  }

  absl::Status ReadBlob(const Descriptor& descriptor, bool keep) {
    PEDIGREE_ASSIGN_OR_RETURN(const TarEntry entry,
                              ReadHeader(BlobName(descriptor.digest)));
    if (entry.size != descriptor.size) {
      return Invalid(absl::StrCat(entry.name, " has ", entry.size,
                                  " bytes (expected ", descriptor.size, ")"));
    }
    Sha256Stream hash;
    std::string* text =
        keep ? &packet_.documents_[descriptor.digest] : nullptr;
    PEDIGREE_RETURN_IF_ERROR(ReadContents(entry, [&](ByteSpan bytes) {
      hash.Update(bytes);
      if (text != nullptr) text->append(AsText(bytes));
    }));
    packet_.blobs_[descriptor.digest] = entry.size;
    packet_.hashes_[descriptor.digest] = {hash.Finish(), entry.size};
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadText(const std::string& name,
                                       uint64_t max_bytes) {
    PEDIGREE_ASSIGN_OR_RETURN(const TarEntry entry, ReadHeader(name));
    if (entry.size > max_bytes) {
      return Invalid(absl::StrCat(name, " has ", entry.size,
                                  " bytes (at most ", max_bytes, ")"));
    }
    std::string text;
    PEDIGREE_RETURN_IF_ERROR(ReadContents(
        entry, [&](ByteSpan bytes) { text.append(AsText(bytes)); }));
    return text;
  }

  // The next header, which must be that of the file `name`.
  absl::StatusOr<TarEntry> ReadHeader(const std::string& name) {
    std::string blocks(kTarBlockBytes, '\0');
    PEDIGREE_RETURN_IF_ERROR(Fill(blocks, 0));
    if (IsPaxHeader(blocks)) {
      blocks.resize(TarHeaderBytes(kMaxPlainTarSize + 1));
      PEDIGREE_RETURN_IF_ERROR(Fill(blocks, kTarBlockBytes));
    }
    PEDIGREE_ASSIGN_OR_RETURN(TarEntry entry, ParseTarHeader(blocks));
    if (entry.name == name) return entry;
    return Invalid(absl::StrCat("its next file is \"", Printable(entry.name),
                                "\" (expected ", name, ")"));
  }

  // Hands on the contents of a file, and reads what pads them.
  absl::Status ReadContents(const TarEntry& entry,
                            absl::FunctionRef<void(ByteSpan)> take) {
    if (sink_ != nullptr) PEDIGREE_RETURN_IF_ERROR(sink_->Begin(entry));
    for (uint64_t left = entry.size; left > 0;) {
      PEDIGREE_ASSIGN_OR_RETURN(
          const ByteSpan piece,
          ReadPiece(static_cast<size_t>(std::min<uint64_t>(left, kPieceBytes))));
      take(piece);
      if (sink_ != nullptr) PEDIGREE_RETURN_IF_ERROR(sink_->Write(piece));
      left -= piece.size();
    }
    if (sink_ != nullptr) PEDIGREE_RETURN_IF_ERROR(sink_->End());
    return ReadZeros(TarPaddingBytes(entry.size), entry.name);
  }

  absl::Status ReadZeros(uint64_t count, std::string_view after) {
    PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan zeros,
                              ReadPiece(static_cast<size_t>(count)));
    for (const uint8_t byte : zeros) {
      if (byte != 0) {
        return Invalid(absl::StrCat("what pads ", after, " is not zero"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadEnd() {
    PEDIGREE_RETURN_IF_ERROR(ReadZeros(WriteTarEnd().size(), "the archive"));
    return frame_.Finish();
  }

  absl::Status Fill(std::string& text, size_t from) {
    PEDIGREE_ASSIGN_OR_RETURN(const ByteSpan piece,
                              ReadPiece(text.size() - from));
    text.replace(from, piece.size(), AsText(piece));
    return absl::OkStatus();
  }

  // The next `count` bytes, at most kPieceBytes; valid until the next call.
  absl::StatusOr<ByteSpan> ReadPiece(size_t count) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const size_t found,
        frame_.Read(absl::MakeSpan(buffer_.get(), count)));
    if (found == count) return ByteSpan(buffer_.get(), count);
    return Invalid("the archive ends early");
  }

  FrameReader frame_;
  EntrySink* sink_;
  std::unique_ptr<uint8_t[]> buffer_;
  PackedPacket packet_;
  Digest config_;
  std::vector<Descriptor> layers_;
  uint64_t kept_bytes_ = 0;
};

absl::StatusOr<PackedPacket> PackedPacket::Read(ReadBytes input,
                                                const FrameLimits& limits,
                                                EntrySink* sink) {
  return PackedReader(std::move(input), limits, sink).Read();
}

std::string PackedPacket::PlaceOf(const Digest& digest) const {
  return BlobName(digest);
}

absl::StatusOr<std::string> PackedPacket::ReadPart(
    std::string_view name) const {
  return name == "index.json" ? index_ : WriteOciLayoutMarker();
}

absl::StatusOr<std::string> PackedPacket::ReadBlob(const Digest& digest,
                                                   uint64_t max_bytes) const {
  const auto document = documents_.find(digest);
  if (document != documents_.end() && document->second.size() <= max_bytes) {
    return document->second;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("Cannot read ", BlobName(digest), ": too long to keep"));
}

absl::StatusOr<FileDigest> PackedPacket::HashBlob(const Digest& digest) const {
  return hashes_.at(digest);
}

}  // namespace pedigree
