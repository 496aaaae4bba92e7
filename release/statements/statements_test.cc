#include "release/statements/statements.h"

#include <sys/stat.h>

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/packet_files.h"
#include "release/packet_source.h"
#include "release/statements/statement.h"
#include "release/testing/sample_packet.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

class StatementsTest : public testing::Test {
 protected:
  StatementsTest()
      : sample_(MakeSamplePacket()),
        manifest_(sample_.manifest),
        parts_(sample_.parts) {}

  Json Make(ClaimKind kind) const {
    const absl::StatusOr<Json> json = MakeStatement(kind, parts_);
    EXPECT_TRUE(json.ok()) << json.status();
    return *json;
  }

  Digest LayerDigest(std::string_view file_path) const {
    for (const Layer& layer : parts_.layers) {
      if (layer.file_path == file_path) return layer.digest;
    }
    ADD_FAILURE() << file_path;
    return Digest();
  }

  const SamplePacket sample_;
  const std::string& manifest_;
  StatementParts parts_;
};

TEST_F(StatementsTest, EachIsOfItsKindAndAboutThePacket) {
  const auto statements = MakeStatements(parts_);
  ASSERT_TRUE(statements.ok()) << statements.status();
  ASSERT_EQ(statements->size(), 4u);
  for (const auto& [kind, text] : *statements) {
    const absl::StatusOr<Statement> statement = ParseStatement(text, "made");
    ASSERT_TRUE(statement.ok()) << statement.status();
    EXPECT_EQ(statement->kind, kind);
    // Canonical, so that everybody makes the same bytes.
    EXPECT_EQ(CanonicalJson(statement->json), text);
    EXPECT_FALSE(absl::StrContains(text, sample_.folder));
    if (kind == ClaimKind::kOms) continue;
    EXPECT_EQ(statement->subjects[0], Sha256(manifest_));
    EXPECT_EQ(statement->subjects[1], LayerDigest("model.slm"));
    EXPECT_EQ(statement->subjects[2], LayerDigest("adapters/0.adp"));
  }
}

TEST_F(StatementsTest, ProvenanceNamesWhatThePacketWasMadeOf) {
  const Json statement = Make(ClaimKind::kProvenance);
  const Json& definition = statement["predicate"]["buildDefinition"];
  EXPECT_EQ(definition["buildType"], "https://pedigree.dev/packet/v1");
  EXPECT_EQ(definition["externalParameters"],
            Json::object({{"name", "sample"}, {"version", "1.0.0"}}));
  std::set<std::string> names;
  for (const Json& dependency : definition["resolvedDependencies"]) {
    names.insert(dependency["name"].get<std::string>());
    EXPECT_EQ(dependency["digest"]["sha256"].get<std::string>().size(), 64u);
  }
  EXPECT_EQ(names, (std::set<std::string>{
                       "inputs", "ancestors/0", "suites/greetings.json",
                       "baselines/greetings.json", "policy.json",
                       "licenses/CC0-1.0", "toolchain/compiler"}));
  EXPECT_EQ(statement["predicate"]["runDetails"]["builder"]["id"],
            "https://pedigree.dev/builder/v1");
}

TEST_F(StatementsTest, TestResultListsEveryCase) {
  const Json predicate = Make(ClaimKind::kTestResult)["predicate"];
  EXPECT_EQ(predicate["result"], "PASSED");
  EXPECT_EQ(predicate["passedTests"],
            Json::array({"greetings/day", "greetings/night"}));
  EXPECT_EQ(predicate["warnedTests"], Json::array());
  EXPECT_EQ(predicate["failedTests"], Json::array());
  EXPECT_EQ(predicate["configuration"].size(), 5u);
}

TEST_F(StatementsTest, ToleratedFailuresAreWarnings) {
  parts_.contents.sidecars[0].evidence.record.mutable_cases(1)->set_passed(
      false);
  const Json predicate = Make(ClaimKind::kTestResult)["predicate"];
  EXPECT_EQ(predicate["result"], "WARNED");
  EXPECT_EQ(predicate["warnedTests"], Json::array({"greetings/night"}));
  EXPECT_EQ(predicate["failedTests"], Json::array());
}

TEST_F(StatementsTest, EvalComparesWithTheBaseline) {
  const Json predicate = Make(ClaimKind::kEval)["predicate"];
  EXPECT_EQ(predicate["verdict"], "PASS");
  EXPECT_EQ(predicate["claimLevel"], "runtime-smoke");
  ASSERT_EQ(predicate["suites"].size(), 1u);
  const Json& suite = predicate["suites"][0];
  EXPECT_EQ(suite["name"], "greetings");
  EXPECT_EQ(suite["cases"], "2");
  EXPECT_EQ(suite["passed"], "2");
  EXPECT_EQ(suite["observed"], "1.000000");
  EXPECT_EQ(suite["baseline"]["observed"], "0.500000");
  EXPECT_EQ(suite["delta"], "0.500000");
  EXPECT_EQ(suite["interval"]["method"], "wilson");
  EXPECT_EQ(suite["resultDigest"]["sha256"],
            LayerDigest("sidecars/greetings.json").Hex());
}

// The root of OpenSSF Model Signing's test vector v1.0/valid/key.bundle.json.
TEST_F(StatementsTest, OmsRootIsThePublishedOne) {
  const auto digest = [](std::string_view hex) {
    return *ParseDigest(absl::StrCat("sha256:", hex));
  };
  EXPECT_EQ(
      OmsRoot({{"signme-2", digest("32dcb1f8e1ae52d5963e56a6ba06ab58"
                                   "b424c15ed2a6b70d2feca1d089370028")},
               {"signme-1", digest("bc9a717db6064a32cbe9eae6fc40651d"
                                   "d6d36ef1757183f590eff2b1765d7ebc")}})
          .Hex(),
      "92745110b1ab4368471cbe31664e10174e954b113a3df333db860317b2c6dec4");
}

TEST_F(StatementsTest, OmsListsEveryExportedFile) {
  const Json statement = Make(ClaimKind::kOms);
  ASSERT_EQ(statement["subject"].size(), 1u);
  const Json& resources = statement["predicate"]["resources"];
  EXPECT_EQ(resources.size(), parts_.layers.size());
  std::string raw;
  std::string before;
  for (const Json& resource : resources) {
    const std::string name = resource["name"].get<std::string>();
    EXPECT_LT(before, name);
    before = name;
    const Digest digest = LayerDigest(name);
    EXPECT_EQ(resource["digest"], digest.Hex());
    EXPECT_EQ(resource["algorithm"], "sha256");
    raw.append(reinterpret_cast<const char*>(digest.bytes.data()), 32);
  }
  EXPECT_EQ(statement["subject"][0]["digest"]["sha256"], Sha256(raw).Hex());
  EXPECT_EQ(statement["predicate"].size(), 2u);
}

TEST_F(StatementsTest, SourceCommitComesFirst) {
  const std::string commit(40, 'a');
  Json statement = Make(ClaimKind::kProvenance);
  const size_t before =
      statement["predicate"]["buildDefinition"]["resolvedDependencies"].size();
  ASSERT_TRUE(AddSourceCommit(commit, statement).ok());
  const Json& list =
      statement["predicate"]["buildDefinition"]["resolvedDependencies"];
  EXPECT_EQ(list.size(), before + 1);
  EXPECT_EQ(list[0]["digest"]["gitCommit"], commit);
  for (const std::string bad : {"", "main", "ABCD", "abc"}) {
    EXPECT_EQ(AddSourceCommit(bad, statement).code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(StatementsTest, DigestsThatAreNoneAreRefused) {
  parts_.record.mutable_toolchain_pins(0)->set_tree_digest("sha1:abc");
  const absl::Status status =
      MakeStatement(ClaimKind::kProvenance, parts_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(),
                                "toolchain/compiler is \"sha1:abc\""))
      << status;
}

// Gives another text for one blob.
class LyingPacket final : public ForwardedPacket {
 public:
  LyingPacket(const PacketSource& packet, const Digest& digest)
      : ForwardedPacket(packet), digest_(digest) {}

  absl::StatusOr<std::string> ReadBlob(const Digest& digest,
                                       uint64_t max_bytes) const override {
    if (digest == digest_) return std::string("{}");
    return ForwardedPacket::ReadBlob(digest, max_bytes);
  }

 private:
  Digest digest_;
};

TEST_F(StatementsTest, BlobsWithOtherDigestsAreRefused) {
  const PacketFiles packet = *PacketFiles::OpenLayout(sample_.packet);
  for (const Layer& layer : parts_.layers) {
    if (layer.kind != LayerKind::kDecision) continue;
    const absl::Status status =
        LoadStatementParts(LyingPacket(packet, layer.digest)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_TRUE(absl::StrContains(status.message(), "(expected sha256:"))
        << status;
  }
  EXPECT_EQ(
      LoadStatementParts(LyingPacket(packet, parts_.packet)).status().code(),
      absl::StatusCode::kDataLoss);
}

TEST_F(StatementsTest, DocumentsThatAreNotThereAreRefused) {
  const PacketFiles packet = *PacketFiles::OpenLayout(sample_.packet);
  const Digest record = LayerDigest("record.json");
  ASSERT_EQ(std::remove(packet.FileOf(record)->path.c_str()), 0);
  const PacketFiles without = *PacketFiles::OpenLayout(sample_.packet);
  const absl::Status status = LoadStatementParts(without).status();
  EXPECT_EQ(status.message(), absl::StrCat("Missing blob ", record.ToString(),
                                           ": record.json"));
}

TEST_F(StatementsTest, GivenStatementsMustBeThePackets) {
  const std::string folder = sample_.folder + "/statements";
  ASSERT_EQ(mkdir(folder.c_str(), 0755), 0);
  const auto statements = *MakeStatements(parts_);
  for (const auto& [kind, text] : statements) {
    ASSERT_TRUE(WriteFileAtomically(
                    absl::StrCat(folder, "/", StatementFileName(kind)), text)
                    .ok());
  }
  EXPECT_TRUE(CheckStatements(parts_, folder)->empty());

  const std::string eval = absl::StrCat(folder, "/eval.json");
  Json json = Make(ClaimKind::kEval);
  json["predicate"]["verdict"] = "FAIL-FLOOR";
  ASSERT_TRUE(WriteFileAtomically(eval, CanonicalJson(json)).ok());
  ASSERT_TRUE(WriteFileAtomically(absl::StrCat(folder, "/more.json"), "").ok());
  ASSERT_EQ(std::remove(absl::StrCat(folder, "/oms.json").c_str()), 0);
  const std::vector<std::string> faults = *CheckStatements(parts_, folder);
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0],
            "Invalid statement eval.json: predicate.verdict is \"FAIL-FLOOR\" "
            "(expected \"PASS\")");
  EXPECT_EQ(faults[1], "Missing statement oms.json");
  EXPECT_EQ(faults[2],
            "Invalid statements: more.json is no statement of a packet");
}

}  // namespace
}  // namespace pedigree
