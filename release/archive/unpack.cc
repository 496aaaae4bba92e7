#include "release/archive/unpack.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "release/archive/packed_packet.h"
#include "release/file_stream.h"
#include "release/pending_directory.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Writes the files of a packed packet below a folder.
class DirectorySink final : public EntrySink {
 public:
  explicit DirectorySink(PendingDirectory& directory)
      : directory_(directory) {}

  absl::Status Begin(const TarEntry& entry) override {
    PEDIGREE_ASSIGN_OR_RETURN(const std::string path,
                              directory_.PrepareFile(entry.name));
    PEDIGREE_ASSIGN_OR_RETURN(FileWriter file, FileWriter::Create(path));
    file_.emplace(std::move(file));
    return absl::OkStatus();
  }
  absl::Status Write(ByteSpan bytes) override { return file_->Write(bytes); }
  absl::Status End() override { return file_->Close(); }

 private:
  PendingDirectory& directory_;
  std::optional<FileWriter> file_;
};

struct PackedFile {
  ReadBytes read;
  FrameLimits limits;
};

absl::StatusOr<PackedFile> OpenPacked(const std::string& path,
                                      uint64_t max_ratio) {
  PEDIGREE_ASSIGN_OR_RETURN(FileReader opened,
                            FileReader::Open(path, Links::kFollow));
  PackedFile packed;
  packed.limits.max_bytes = MaxContentBytes(opened.size(), max_ratio);
  const auto file = std::make_shared<FileReader>(std::move(opened));
  packed.read = [file](absl::Span<uint8_t> buffer) {
    return file->Read(buffer);
  };
  return packed;
}

}  // namespace

bool IsPackedPath(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

absl::StatusOr<VerifyReport> VerifyPackedPacket(
    const std::string& path, const std::optional<Digest>& expected_digest,
    uint64_t max_ratio, std::unique_ptr<PacketSource>* packet) {
  PEDIGREE_ASSIGN_OR_RETURN(PackedFile file, OpenPacked(path, max_ratio));
  if (packet != nullptr) packet->reset();
  absl::StatusOr<PackedPacket> packed =
      PackedPacket::Read(std::move(file.read), file.limits, nullptr);
  VerifyReport report;
  if (!packed.ok()) {
    report.faults.push_back(std::string(packed.status().message()));
    return report;
  }
  report = VerifyPacket(*packed, expected_digest);
  if (packet != nullptr) {
    *packet = std::make_unique<PackedPacket>(*std::move(packed));
  }
  return report;
}

absl::StatusOr<VerifyReport> UnpackPacket(
    const std::string& path, const std::optional<Digest>& expected_digest,
    uint64_t max_ratio, const std::string& out) {
  PEDIGREE_ASSIGN_OR_RETURN(PackedFile file, OpenPacked(path, max_ratio));
  PEDIGREE_ASSIGN_OR_RETURN(PendingDirectory directory,
                            PendingDirectory::Create(out));
  DirectorySink sink(directory);
  absl::StatusOr<PackedPacket> packet =
      PackedPacket::Read(std::move(file.read), file.limits, &sink);
  if (!packet.ok()) return AnnotateWithPath(packet.status(), path);
  VerifyReport report = VerifyPacket(*packet, expected_digest);
  if (!report.faults.empty()) return report;
  PEDIGREE_RETURN_IF_ERROR(directory.Commit());
  return report;
}

}  // namespace pedigree
