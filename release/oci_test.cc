#include "release/oci.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

OciManifest SampleManifest() {
  OciManifest manifest;
  manifest.name = "sample";
  manifest.version = "1";
  manifest.config = {std::string(kConfigMediaType), Sha256("config"), 6, ""};
  manifest.layers = {{"text/plain", Sha256("a"), 1, "licenses/a"},
                     {"text/plain", Sha256("b"), 1, "licenses/b"}};
  return manifest;
}

TEST(OciTest, ManifestIsCanonicalAndReadsBack) {
  const std::string text = WriteOciManifest(SampleManifest());
  EXPECT_EQ(text.substr(0, 80),
            R"({"annotations":{"org.opencontainers.image.title":"sample",)"
            R"("org.opencontainers.im)");
  std::vector<std::string> faults;
  const OciManifest manifest = ParseOciManifest(text, &faults);
  EXPECT_TRUE(faults.empty()) << faults[0];
  EXPECT_EQ(WriteOciManifest(manifest), text);
}

TEST(OciTest, NamesEveryFaultOfAManifest) {
  std::string text = WriteOciManifest(SampleManifest());
  const auto replace = [&text](std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  };
  replace("licenses/a", "licenses/c");
  replace("application/vnd.cncf.model.manifest", "application/x");
  replace(Sha256("b").ToString(), "sha256:b");
  std::vector<std::string> faults;
  ParseOciManifest(text, &faults);
  EXPECT_EQ(faults.size(), 3u);
}

TEST(OciTest, IndexNamesOneManifest) {
  Descriptor descriptor;
  descriptor.digest = Sha256("manifest");
  descriptor.size = 8;
  const auto read = ParseOciIndex(WriteOciIndex(descriptor));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->digest, descriptor.digest);
  EXPECT_EQ(read->size, 8u);
}

TEST(OciTest, IndexMayLackWhatCarriersDrop) {
  const std::string digest = Sha256("manifest").ToString();
  const auto read = ParseOciIndex(
      R"({"schemaVersion":2,"manifests":[{"size":8,"digest":")" + digest +
      R"(","annotations":{"org.opencontainers.image.ref.name":"1.0"}}]})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->digest.ToString(), digest);
}

TEST(OciTest, RefusesAnotherLayoutVersion) {
  EXPECT_TRUE(CheckOciLayoutMarker(WriteOciLayoutMarker()).ok());
  EXPECT_EQ(CheckOciLayoutMarker(R"({"imageLayoutVersion":"1.1.0"})").code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace pedigree
