#include "release/distribution/claim_artifact.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

ClaimFile Bundle() {
  return {"eval.sigstore.json", std::string(kBundleArtifactType), "{\"a\":1}"};
}

Descriptor Subject() {
  Descriptor subject;
  subject.digest = Sha256("packet");
  subject.size = 6;
  return subject;
}

// A folder of its own with these files.
std::string Folder(const std::vector<std::string>& names) {
  const std::string folder = absl::StrCat(
      testing::TempDir(), "/",
      testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (const std::string& name : names) {
    EXPECT_TRUE(
        WriteFileAtomically(absl::StrCat(folder, "/", name), name).ok());
  }
  return folder;
}

TEST(ClaimArtifactTest, IsWhatTheImageSpecificationAsksFor) {
  EXPECT_EQ(
      WriteClaimManifest(Bundle(), Subject()),
      absl::StrCat(
          R"({"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json",)"
          R"("config":{"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4)"
          R"(fc21fe77e8310c060f61caaff8a","mediaType":"application/vnd.oci.emp)"
          R"(ty.v1+json","size":2},"layers":[{"annotations":{"org.opencontain)"
          R"(ers.image.title":"eval.sigstore.json"},"digest":")",
          Sha256("{\"a\":1}").ToString(),
          R"(","mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",)"
          R"("size":7}],"mediaType":"application/vnd.oci.image.manifest.v1+js)"
          R"(on","schemaVersion":2,"subject":{"digest":")",
          Sha256("packet").ToString(),
          R"(","mediaType":"application/vnd.oci.image.manifest.v1+json",)"
          R"("size":6}})"));
}

TEST(ClaimArtifactTest, ReadsWhatItWrites) {
  const absl::StatusOr<ClaimLayer> layer = ParseClaimManifest(
      WriteClaimManifest(Bundle(), Subject()), Subject().digest);
  ASSERT_TRUE(layer.ok()) << layer.status();
  EXPECT_EQ(layer->name, "eval.sigstore.json");
  EXPECT_EQ(layer->digest, Sha256("{\"a\":1}"));
  EXPECT_EQ(layer->size, 7u);
}

TEST(ClaimArtifactTest, TakesTheFilesOfAFolderByName) {
  const absl::StatusOr<std::vector<ClaimFile>> files = ReadClaimFiles(
      Folder({"oms.sigstore.json", "claims.intoto.jsonl", "a.sigstore.json"}));
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].name, "a.sigstore.json");
  EXPECT_EQ((*files)[1].artifact_type, "application/vnd.in-toto.bundle");
  EXPECT_EQ((*files)[2].bytes, "oms.sigstore.json");
}

TEST(ClaimArtifactTest, RefusesFilesThatAreNoClaims) {
  for (const char* name :
       {"key.pem", ".hidden.sigstore.json", "a b.sigstore.json"}) {
    EXPECT_TRUE(absl::StrContains(ReadClaimFiles(Folder({name}))
                                      .status()
                                      .message(),
                                  "is no claim"))
        << name;
  }
}

TEST(ClaimArtifactTest, RefusesAFolderThatIsNotThere) {
  EXPECT_EQ(ReadClaimFiles(testing::TempDir() + "/none").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ClaimArtifactTest, NamesThatAreNotSafeAreDropped) {
  for (const char* name :
       {"../x.sigstore.json", "/etc/x.sigstore.json", ".x.sigstore.json",
        "x.json", "", "a/b.sigstore.json"}) {
    ClaimFile file = Bundle();
    file.name = name;
    const absl::StatusOr<ClaimLayer> layer = ParseClaimManifest(
        WriteClaimManifest(file, Subject()), Subject().digest);
    ASSERT_TRUE(layer.ok()) << layer.status();
    EXPECT_EQ(layer->name, "") << name;
  }
}

struct Refusal {
  std::function<void(Json&)> change;
  const char* message;
};

class RefusedClaimTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedClaimTest, SaysWhy) {
  Json manifest = Json::parse(WriteClaimManifest(Bundle(), Subject()));
  GetParam().change(manifest);
  const absl::Status status =
      ParseClaimManifest(manifest.dump(), Subject().digest).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(), GetParam().message))
      << status;
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedClaimTest,
    testing::Values(
        Refusal{[](Json& m) { m = Json::array(); }, "points at \"\""},
        Refusal{[](Json& m) { m.erase("subject"); }, "points at \"\""},
        Refusal{[](Json& m) { m["subject"]["digest"] = "sha256:ab"; },
                "points at \"sha256:ab\" (expected sha256:"},
        Refusal{[](Json& m) { m.erase("layers"); }, "0 layers (expected 1)"},
        Refusal{[](Json& m) { m["layers"].push_back(m["layers"][0]); },
                "2 layers (expected 1)"},
        Refusal{[](Json& m) { m["layers"][0] = 5; }, "no digest"},
        Refusal{[](Json& m) { m["layers"][0]["digest"] = "sha512:ab"; },
                "no digest by SHA-256"},
        Refusal{[](Json& m) { m["layers"][0]["size"] = -1; }, "no size"},
        Refusal{[](Json& m) { m["layers"][0]["size"] = kMaxClaimFileBytes + 1; },
                "layer of 67108865 bytes (at most 67108864)"}));

}  // namespace
}  // namespace pedigree
