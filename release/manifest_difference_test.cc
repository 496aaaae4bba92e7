#include "release/manifest_difference.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/oci.h"

namespace pedigree {
namespace {

OciManifest Sample() {
  OciManifest manifest;
  manifest.name = "sample";
  manifest.version = "1";
  manifest.config = {std::string(kConfigMediaType), Sha256("config"), 6, ""};
  manifest.layers = {{"a/b", Sha256("record"), 6, "record.json"},
                     {"a/b", Sha256("model"), 5, "model.slm"}};
  return manifest;
}

std::vector<std::string> Difference(const OciManifest& manifest) {
  const auto differences = DescribeManifestDifference(
      WriteOciManifest(manifest), WriteOciManifest(Sample()));
  EXPECT_TRUE(differences.ok()) << differences.status();
  return *differences;
}

TEST(ManifestDifferenceTest, EqualManifestsHaveNone) {
  EXPECT_TRUE(Difference(Sample()).empty());
}

TEST(ManifestDifferenceTest, NamesTheLayerThatChanged) {
  OciManifest manifest = Sample();
  manifest.layers[1].digest = Sha256("other");
  EXPECT_EQ(Difference(manifest),
            std::vector<std::string>{absl::StrCat(
                "model.slm is ", Sha256("other").ToString(), " (recorded ",
                Sha256("model").ToString(), ")")});
}

TEST(ManifestDifferenceTest, NamesNewAndMissingLayers) {
  OciManifest manifest = Sample();
  manifest.layers[1].file_path = "licenses/MIT";
  EXPECT_EQ(
      Difference(manifest),
      (std::vector<std::string>{
          absl::StrCat("licenses/MIT is new (", Sha256("model").ToString(),
                       ")"),
          absl::StrCat("model.slm is missing (recorded ",
                       Sha256("model").ToString(), ")"),
      }));
}

TEST(ManifestDifferenceTest, NamesWhatIsNoLayer) {
  OciManifest manifest = Sample();
  manifest.version = "2";
  EXPECT_EQ(Difference(manifest),
            std::vector<std::string>{
                "annotations.org.opencontainers.image.version is \"2\" "
                "(expected \"1\")"});
}

TEST(ManifestDifferenceTest, RefusesWhatIsNoManifest) {
  EXPECT_EQ(DescribeManifestDifference("{}", "{}").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pedigree
