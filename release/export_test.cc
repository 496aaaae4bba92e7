#include "release/export.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/make_packet.h"
#include "release/packet_files.h"
#include "release/testing/packet_editor.h"
#include "release/testing/sample_release.h"
#include "release/verify.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

class ExportTest : public testing::Test {
 protected:
  ExportTest() : folder_(absl::StrCat(testing::TempDir(), "/export.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    packet_ = folder_ + "/packet";
    out_ = folder_ + "/out";
    const auto made = MakePacket(WriteSampleRelease(folder_));
    EXPECT_TRUE(WritePacket(*made, packet_).ok());
    layers_ = VerifyPacket(packet_)->layers;
    source_ = *PacketFiles::OpenLayout(packet_);
  }

  std::string folder_;
  std::string packet_;
  std::string out_;
  std::vector<Layer> layers_;
  std::optional<PacketFiles> source_;
};

TEST_F(ExportTest, WritesEveryLayerUnderItsName) {
  const absl::Status status = ExportLayers(*source_, layers_, out_);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE(layers_.empty());
  for (const Layer& layer : layers_) {
    const auto bytes = ReadFile(absl::StrCat(out_, "/", layer.file_path));
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(Sha256(*bytes), layer.digest);
  }
  EXPECT_EQ(access((out_ + "/runtimes/linux-x86_64/pedigree_runtime").c_str(),
                   X_OK),
            0);
  EXPECT_NE(access((out_ + "/model.slm").c_str(), X_OK), 0);
}

TEST_F(ExportTest, LeavesNothingWhenABlobHasChanged) {
  PacketEditor editor(packet_);
  editor.FlipBit(editor.PathOf("licenses/CC0-1.0"));
  EXPECT_EQ(ExportLayers(*source_, layers_, out_).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(ExportTest, LeavesNothingWhenABlobIsMissing) {
  PacketEditor editor(packet_);
  fs::remove(editor.PathOf("licenses/CC0-1.0"));
  EXPECT_EQ(ExportLayers(*source_, layers_, out_).code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(ExportTest, ReplacesNothing) {
  fs::create_directories(out_ + "/mine");
  EXPECT_EQ(ExportLayers(*source_, layers_, out_).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(fs::exists(out_ + "/model.slm"));
}

}  // namespace
}  // namespace pedigree
