// The bill of materials of the sample release.

#include "release/bom/bom.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "release/bom/bom_check.h"
#include "release/make_packet.h"
#include "release/testing/sample_release.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

std::string MakeFolder() {
  std::string path = absl::StrCat(testing::TempDir(), "/bom.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

std::string BomOf(const PacketRequest& request) {
  const auto made = MakePacket(request);
  EXPECT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(absl::StrJoin(made->refusals, "\n"), "");
  EXPECT_EQ(absl::StrJoin(CheckBom(made->packet.bom), "\n"), "");
  return made->packet.bom;
}

Json SampleBom() {
  return *ParseJson(BomOf(WriteSampleRelease(MakeFolder())), "BOM");
}

// The components of one type.
std::vector<Json> OfType(const Json& bom, const std::string& type) {
  std::vector<Json> found;
  for (const Json& component : bom["components"]) {
    if (component["type"] == type) found.push_back(component);
  }
  return found;
}

TEST(BomTest, IsTheModelWithItsAncestors) {
  const Json bom = SampleBom();
  const Json& model = bom["metadata"]["component"];
  EXPECT_EQ(model["type"], "machine-learning-model");
  EXPECT_EQ(model["name"], "sample");
  EXPECT_EQ(model["version"], "1.0.0");
  EXPECT_EQ(model["hashes"][0]["content"],
            Sha256("bytes of the parent model").Hex());
  ASSERT_EQ(model["pedigree"]["ancestors"].size(), 1u);
  EXPECT_EQ(model["pedigree"]["ancestors"][0]["hashes"][0]["content"],
            Sha256("bytes of the parent model").Hex());
  EXPECT_EQ(model["licenses"][0]["license"]["name"], "CC0-1.0");
}

TEST(BomTest, ListsAdaptersSuitesAndRuntimes) {
  const Json bom = SampleBom();
  ASSERT_EQ(OfType(bom, "machine-learning-model").size(), 1u);
  EXPECT_EQ(OfType(bom, "machine-learning-model")[0]["name"], "politeness");
  ASSERT_EQ(OfType(bom, "data").size(), 1u);
  EXPECT_EQ(OfType(bom, "data")[0]["name"], "greetings");
  const std::vector<Json> runtimes = OfType(bom, "application");
  ASSERT_EQ(runtimes.size(), 2u);
  EXPECT_EQ(runtimes[0]["name"], "pedigree_runtime");
  EXPECT_EQ(runtimes[1]["hashes"][0]["content"], Sha256("wasm code").Hex());
}

TEST(BomTest, GivesPassRatesWithTheirIntervals) {
  const Json bom = SampleBom();
  const Json& metrics =
      bom["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]
         ["performanceMetrics"];
  EXPECT_EQ(metrics[0]["type"], "pass_rate");
  EXPECT_EQ(metrics[0]["slice"], "greetings");
  EXPECT_EQ(metrics[0]["value"], "1.000000");
  // Wilson's interval of 2 in 2 at 95 %.
  EXPECT_EQ(metrics[0]["confidenceInterval"]["lowerBound"], "0.342380");
  EXPECT_EQ(metrics[0]["confidenceInterval"]["upperBound"], "1.000000");
  EXPECT_GT(metrics.size(), 1u);
}

TEST(BomTest, ListsLinkedLibrariesWithPinAndLicence) {
  const Json bom = SampleBom();
  const std::vector<Json> libraries = OfType(bom, "library");
  ASSERT_EQ(libraries.size(), 2u);
  EXPECT_EQ(libraries[0]["name"], "crt");
  EXPECT_EQ(libraries[0]["version"], "19");
  EXPECT_EQ(libraries[0]["licenses"][0]["expression"], "MIT");
  EXPECT_EQ(libraries[1]["name"], "pedigree");
  EXPECT_FALSE(libraries[1].contains("version"));
  std::string properties;
  for (const Json& property : libraries[0]["properties"]) {
    absl::StrAppend(&properties, property["name"].get<std::string>(), "=",
                    property["value"].get<std::string>(), "\n");
  }
  EXPECT_EQ(properties,
            absl::StrCat("pedigree:notice_digest=",
                         Sha256("Take it.\n").ToString(),
                         "\npedigree:pin=compiler\npedigree:tree_digest=",
                         Sha256("compiler").ToString(), "\n"));
}

TEST(BomTest, SaysWhichRuntimeHoldsWhat) {
  const Json bom = SampleBom();
  Json expected = Json::array();
  expected.push_back({{"ref", "model"}, {"dependsOn", Json::array({"adapter:0"})}});
  expected.push_back(
      {{"ref", "runtime:linux-x86_64"},
       {"dependsOn",
        Json::array({"library:compiler/crt", "library:pedigree"})}});
  expected.push_back({{"ref", "runtime:wasm32"},
                      {"dependsOn", Json::array({"library:pedigree"})}});
  EXPECT_EQ(bom["dependencies"].dump(), expected.dump());
  EXPECT_EQ(bom["compositions"].size(), 1u);
  EXPECT_EQ(bom["compositions"][0]["aggregate"], "complete");
}

TEST(BomTest, SaysWhereLibrariesAreUnknown) {
  PacketRequest request = WriteSampleRelease(MakeFolder());
  request.linked_libraries.clear();
  const Json bom = *ParseJson(BomOf(request), "BOM");
  EXPECT_TRUE(OfType(bom, "library").empty());
  ASSERT_EQ(bom["compositions"].size(), 1u);
  EXPECT_EQ(bom["compositions"][0]["aggregate"], "unknown");
  EXPECT_EQ(bom["compositions"][0]["dependencies"].size(), 2u);
}

TEST(BomTest, DoesNotDependOnPaths) {
  EXPECT_EQ(BomOf(WriteSampleRelease(MakeFolder())),
            BomOf(WriteSampleRelease(MakeFolder())));
}

}  // namespace
}  // namespace pedigree
