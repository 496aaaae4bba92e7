// Packing and unpacking whole packets, and every way in which a packed one may
// be broken.

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "release/archive/frame_writer.h"
#include "release/archive/pack.h"
#include "release/archive/tar_header.h"
#include "release/archive/unpack.h"
#include "release/blob_list.h"
#include "release/layout.h"
#include "release/make_packet.h"
#include "release/oci.h"
#include "release/packet_files.h"
#include "release/testing/packet_editor.h"
#include "release/testing/sample_release.h"
#include "release/verify.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

// The files of a tar, in memory, to be broken.
struct TarFile {
  std::string name;
  std::string contents;
};

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() : folder_(absl::StrCat(testing::TempDir(), "/archive.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    packet_ = folder_ + "/packet";
    packed_ = folder_ + "/packet.tar.zst";
    out_ = folder_ + "/out";
    made_ = *MakePacket(WriteSampleRelease(folder_));
    EXPECT_TRUE(made_.refusals.empty());
    EXPECT_TRUE(WritePacket(made_, packet_).ok());
    digest_ = Sha256(made_.packet.manifest);
  }

  std::string Pack(const PacketFiles& packet, int threads,
                   const CompressionOptions& options = {}) {
    const auto result =
        PackPacket(packet, digest_, options, threads, packed_);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(absl::StrJoin(result->report.faults, "\n"), "");
    return *ReadFile(packed_);
  }

  std::string Pack() { return Pack(*PacketFiles::OpenLayout(packet_), 2); }

  // The files of the sample packet as `pack` lists them.
  std::vector<TarFile> Files() {
    std::vector<TarFile> files = {
        {"oci-layout", *ReadFile(packet_ + "/oci-layout")},
        {"index.json", *ReadFile(packet_ + "/index.json")}};
    const auto source = PacketFiles::OpenLayout(packet_);
    const auto manifest = ReadPacketManifest(*source);
    EXPECT_TRUE(manifest.ok());
    std::vector<Digest> digests = {digest_, manifest->manifest.config.digest};
    for (const Descriptor& layer : manifest->manifest.layers) {
      digests.push_back(layer.digest);
    }
    for (const Digest& digest : digests) {
      files.push_back({absl::StrCat("blobs/sha256/", digest.Hex()),
                       *ReadFile(BlobPath(packet_, digest))});
    }
    return files;
  }

  static std::string BlobName(std::string_view contents) {
    return absl::StrCat("blobs/sha256/", Sha256(contents).Hex());
  }

  static std::string Tar(const std::vector<TarFile>& files) {
    std::string tar;
    for (const TarFile& file : files) {
      absl::StrAppend(&tar, WriteTarHeader({file.name, file.contents.size()}),
                      file.contents,
                      std::string(TarPaddingBytes(file.contents.size()), '\0'));
    }
    return tar + WriteTarEnd();
  }

  void WriteCompressed(std::string_view tar) {
    auto writer = FrameWriter::Create(packed_, {}, tar.size(), 1);
    EXPECT_TRUE(writer.ok()) << writer.status();
    EXPECT_TRUE(writer->Write(AsBytes(tar)).ok());
    EXPECT_TRUE(writer->Finish().ok());
  }

  // What verifying and unpacking say about what is packed now; it is the same,
  // and unpacking leaves nothing.
  std::string Fault() {
    const auto report = VerifyPackedPacket(packed_, digest_);
    EXPECT_TRUE(report.ok()) << report.status();
    const auto unpacked = UnpackPacket(packed_, digest_, kMaxRatio, out_);
    EXPECT_FALSE(fs::exists(out_));
    const std::string faults = absl::StrJoin(report->faults, "\n");
    const std::string refusal =
        unpacked.ok() ? absl::StrJoin(unpacked->faults, "\n")
                      : std::string(unpacked.status().message());
    EXPECT_TRUE(absl::StrContains(refusal, faults)) << refusal;
    EXPECT_NE(faults, "");
    size_t entries = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      entries += absl::StartsWith(entry.path().filename().string(), "out");
    }
    EXPECT_EQ(entries, 0u);
    return absl::StrReplaceAll(faults, {{digest_.Hex(), "{manifest}"}});
  }

  std::string FaultOf(const std::function<void(std::vector<TarFile>&)>& edit) {
    std::vector<TarFile> files = Files();
    edit(files);
    WriteCompressed(Tar(files));
    return Fault();
  }

  std::string folder_;
  std::string packet_;
  std::string packed_;
  std::string out_;
  MadePacket made_;
  Digest digest_;
};

TEST_F(ArchiveTest, UnpacksWhatItPacks) {
  Pack();
  const auto report = UnpackPacket(packed_, digest_, kMaxRatio, out_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(absl::StrJoin(report->faults, "\n"), "");
  EXPECT_EQ(VerifyPacket(out_, digest_)->faults, std::vector<std::string>());
  for (const auto& entry : fs::recursive_directory_iterator(packet_)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().string();
    EXPECT_EQ(*ReadFile(path), *ReadFile(out_ + path.substr(packet_.size())));
  }
}

TEST_F(ArchiveTest, VerifiesThePackedFormItself) {
  Pack();
  EXPECT_TRUE(IsPackedPath(packed_));
  EXPECT_FALSE(IsPackedPath(packet_));
  const auto report = VerifyPackedPacket(packed_, digest_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(absl::StrJoin(report->faults, "\n"), "");
  EXPECT_EQ(report->layers.size(), made_.packet.layers.size());
  EXPECT_EQ(VerifyPackedPacket(packed_, Sha256("x"))->faults.size(), 1u);
}

TEST_F(ArchiveTest, BytesDependOnThePacketAlone) {
  const PacketFiles layout = *PacketFiles::OpenLayout(packet_);
  const std::string one = Pack(layout, 1);
  EXPECT_EQ(Pack(layout, 4), one);
  // A carrier's index.
  PacketEditor(packet_).WriteFile(
      packet_ + "/index.json",
      absl::StrCat(R"({"schemaVersion":2,"manifests":[{"digest":")",
                   digest_.ToString(), R"(","size":)",
                   made_.packet.manifest.size(), "}]}"));
  EXPECT_EQ(Pack(*PacketFiles::OpenLayout(packet_), 2), one);
}

TEST_F(ArchiveTest, ADescribedPacketPacksToTheSameBytes) {
  std::vector<BlobSource> blobs = made_.blobs;
  for (const std::string* text : {&made_.packet.config, &made_.packet.record,
                                  &made_.packet.release_node, &made_.packet.bom}) {
    const std::string path = absl::StrCat(folder_, "/", Sha256(*text).Hex());
    ASSERT_TRUE(WriteFileAtomically(path, *text).ok());
    blobs.push_back({Sha256(*text), path});
  }
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/m", made_.packet.manifest).ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/l", WriteBlobList(blobs)).ok());
  const auto described =
      PacketFiles::OpenDescribed(folder_ + "/m", folder_ + "/l");
  ASSERT_TRUE(described.ok()) << described.status();
  const std::string packed = Pack(*described, 2);
  EXPECT_EQ(packed, Pack());
}

TEST_F(ArchiveTest, ContentsAreTheTarThatTheFormSays) {
  Pack();
  const std::string packed = *ReadFile(packed_);
  WriteCompressed(Tar(Files()));
  EXPECT_EQ(*ReadFile(packed_), packed);
}

TEST_F(ArchiveTest, PacksNothingThatDoesNotVerify) {
  PacketEditor editor(packet_);
  editor.ChangeJson("record.json",
                    [](Json& record) { record["claim_level"] = "x"; });
  const auto result = PackPacket(*PacketFiles::OpenLayout(packet_), {}, {}, 2,
                                 packed_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->report.faults.empty());
  EXPECT_FALSE(fs::exists(packed_));
}

TEST_F(ArchiveTest, FindsADamagedModelWhilePacking) {
  PacketEditor editor(packet_);
  editor.FlipBit(editor.PathOf("model.slm"));
  const auto result = PackPacket(*PacketFiles::OpenLayout(packet_), {}, {}, 2,
                                 packed_);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(result.status().message(),
                               "Corrupted model.slm: digest is sha256:"))
      << result.status();
  EXPECT_FALSE(fs::exists(packed_));
}

TEST_F(ArchiveTest, ReplacesNoFolder) {
  Pack();
  fs::create_directories(out_ + "/mine");
  EXPECT_EQ(UnpackPacket(packed_, {}, kMaxRatio, out_).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(ArchiveTest, RefusesAFileCutAnywhere) {
  const std::string packed = Pack();
  for (size_t bytes = 0; bytes < packed.size(); bytes += 1 + bytes / 8) {
    ASSERT_TRUE(WriteFileAtomically(packed_, packed.substr(0, bytes)).ok());
    EXPECT_TRUE(absl::StrContains(Fault(), "it ends early")) << bytes;
  }
}

TEST_F(ArchiveTest, RefusesAnArchiveCutAnywhere) {
  const std::string tar = Tar(Files());
  for (size_t bytes = 0; bytes < tar.size(); bytes += 1 + tar.size() / 50) {
    WriteCompressed(tar.substr(0, bytes));
    EXPECT_EQ(Fault(), "Invalid packed packet: the archive ends early")
        << bytes;
  }
}

TEST_F(ArchiveTest, RefusesMoreThanAnArchive) {
  WriteCompressed(Tar(Files()) + "x");
  EXPECT_EQ(Fault(),
            "Invalid packed packet: contents after the end of the archive");
  WriteCompressed(Tar(Files()));
  ASSERT_TRUE(WriteFileAtomically(packed_, *ReadFile(packed_) + "x").ok());
  EXPECT_TRUE(absl::StrContains(Fault(), "bytes after the zstd frame"));
}

TEST_F(ArchiveTest, RefusesOtherFilesThanThePackets) {
  EXPECT_EQ(FaultOf([](auto& files) { files[2].name = "../../etc/passwd"; }),
            "Invalid packed packet: its next file is \"../../etc/passwd\" "
            "(expected blobs/sha256/{manifest})");
  EXPECT_EQ(FaultOf([](auto& files) { files[0].name = "/oci-layout"; }),
            "Invalid packed packet: its next file is \"/oci-layout\" (expected "
            "oci-layout)");
  EXPECT_TRUE(absl::StrContains(
      FaultOf([](auto& files) { std::swap(files[3], files[4]); }),
      "its next file is"));
  EXPECT_TRUE(absl::StrContains(
      FaultOf([](auto& files) { files.push_back(files[3]); }),
      "what pads the archive is not zero"));
  EXPECT_TRUE(absl::StrContains(FaultOf([](auto& files) { files.pop_back(); }),
                                "Invalid tar header"));
}

TEST_F(ArchiveTest, RefusesAnotherMarkerOrIndex) {
  EXPECT_EQ(FaultOf([](auto& files) { files[0].contents += " "; }),
            "Invalid packed packet: oci-layout is not what pack writes");
  EXPECT_EQ(FaultOf([](auto& files) { files[1].contents += " "; }),
            "Invalid packed packet: index.json is not what pack writes");
  EXPECT_TRUE(absl::StrContains(
      FaultOf([](auto& files) { files[1].contents = "{}"; }), "index"));
  EXPECT_EQ(
      FaultOf([](auto& files) { files[0].contents.assign(2 << 20, ' '); }),
      "Invalid packed packet: oci-layout has 2097152 bytes (at most 1048576)");
}

TEST_F(ArchiveTest, RefusesAChangedManifest) {
  EXPECT_TRUE(absl::StartsWith(
      FaultOf([](auto& files) { files[2].contents[9] ^= 1; }),
      "Corrupted packet manifest: digest is sha256:"));
  EXPECT_TRUE(absl::StrContains(
      FaultOf([](auto& files) { files[2].contents += " "; }),
      "(expected "));
}

TEST_F(ArchiveTest, NamesEveryChangedBlob) {
  const std::string faults = FaultOf([](auto& files) {
    files[3].contents[0] ^= 1;
    files[5].contents[0] ^= 1;
  });
  EXPECT_TRUE(absl::StrContains(faults, "Corrupted packet config: digest is"))
      << faults;
  EXPECT_TRUE(absl::StrContains(faults, "Corrupted model.slm: digest is"))
      << faults;
}

TEST_F(ArchiveTest, RefusesABlobOfAnotherSize) {
  EXPECT_TRUE(absl::StrContains(
      FaultOf([](auto& files) { files[5].contents += "x"; }), " bytes (expected"));
}

TEST_F(ArchiveTest, RefusesForeignTarFields) {
  std::string tar = Tar(Files());
  tar[100 + 3] = '1';
  WriteCompressed(tar);
  EXPECT_EQ(Fault(),
            "Invalid tar header of \"oci-layout\": its mode is not what pack "
            "writes");
  tar = Tar(Files());
  tar[kTarBlockBytes + Files()[0].contents.size()] = 'x';
  WriteCompressed(tar);
  EXPECT_EQ(Fault(),
            "Invalid packed packet: what pads oci-layout is not zero");
}

TEST_F(ArchiveTest, BoundsWhatASmallFileMayGive) {
  const std::string zeros(100 << 20, '\0');
  OciManifest manifest;
  manifest.name = "zeros";
  manifest.config = {std::string(kConfigMediaType), Sha256("{}"), 2, ""};
  manifest.layers = {{"application/vnd.cncf.model.weight.v1.raw",
                      Sha256(zeros), zeros.size(), "model.slm"}};
  const std::string text = WriteOciManifest(manifest);
  Descriptor descriptor;
  descriptor.media_type = kManifestMediaType;
  descriptor.digest = Sha256(text);
  descriptor.size = text.size();
  WriteCompressed(Tar({{"oci-layout", WriteOciLayoutMarker()},
                       {"index.json", WriteOciIndex(descriptor)},
                       {BlobName(text), text},
                       {BlobName("{}"), "{}"},
                       {BlobName(zeros), zeros}}));
  EXPECT_EQ(Fault(),
            "Invalid packed packet: its contents are longer than 67108864 "
            "bytes");
}

TEST_F(ArchiveTest, NeedsAFile) {
  EXPECT_EQ(VerifyPackedPacket(folder_ + "/none", {}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(UnpackPacket(folder_ + "/none", {}, kMaxRatio, out_)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pedigree
