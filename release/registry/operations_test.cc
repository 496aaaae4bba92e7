#include "release/registry/operations.h"

#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/registry/file_system.h"
#include "release/registry/signed_statement.h"
#include "release/registry/store.h"
#include "release/registry/testing/crash_file_system.h"
#include "release/registry/testing/sample_family.h"
#include "release/registry/testing/sample_registry.h"
#include "release/registry/verify_registry.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

class OperationsTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = absl::StrCat(testing::TempDir(), "/operations");
    fs::remove_all(folder);
    fs::create_directories(folder + "/family");
    family_ = std::make_unique<SampleFamily>(folder + "/family");
    directory_ = folder + "/registry";
    ASSERT_TRUE(MakeSampleRegistry(files_, directory_).ok());
  }

  void Add(const std::string& name, const std::string& operation,
           const std::vector<std::string>& parents = {}) {
    const std::string path = family_->Make(name, operation, parents);
    const absl::Status status = SampleAdd(files_, directory_, path);
    ASSERT_TRUE(status.ok()) << status;
  }

  void Raise(const std::string& name, const std::string& state,
             const std::string& alias = "") {
    const absl::Status status = SampleRaise(
        files_, directory_, family_->Packet(name), state, alias);
    ASSERT_TRUE(status.ok()) << status;
  }

  RegistryState State() {
    return *RegistryState::Replay(*ReadLedger(directory_));
  }

  std::string StateOf(const std::string& name) {
    return State().Find(family_->Packet(name))->state();
  }

  std::string PointsAt(const std::string& alias) {
    return State().FindAlias(alias)->artifact();
  }

  absl::StatusOr<Verdict> RevokeDigest(const std::string& digest) {
    RegistryWriter writer = *RegistryWriter::Open(files_, directory_);
    return Revoke(writer, digest, {kSampleTime, "because"});
  }

  // The decision is refused for a reason that says `text`, and nothing changes.
  void ExpectRefused(const absl::Status& status, const std::string& text,
                     uint64_t entries) {
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(absl::StrContains(status.message(), text)) << status;
    EXPECT_EQ(ReadLedger(directory_)->size(), entries);
  }

  void TearDown() override {
    const absl::StatusOr<RegistryReport> report =
        VerifyRegistry(directory_, {});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->faults, std::vector<std::string>());
    EXPECT_EQ(report->notes, std::vector<std::string>());
  }

  FileSystem& files_ = RealFileSystem();
  std::unique_ptr<SampleFamily> family_;
  std::string directory_;
};

TEST_F(OperationsTest, AddsAPacketOnceAsADraft) {
  Add("base", "import");
  EXPECT_EQ(StateOf("base"), "draft");
  RegistryWriter writer = *RegistryWriter::Open(files_, directory_);
  const absl::StatusOr<Verdict> again = AddPacket(
      writer, family_->Path("base"), std::nullopt, {kSampleTime, ""});
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->nothing_to_do);
  EXPECT_EQ(writer.ledger().size(), 2u);
}

TEST_F(OperationsTest, WritesBlobsThatPacketsShareOnce) {
  Add("base", "import");
  const auto count = [&] {
    return std::distance(fs::directory_iterator(directory_ + "/blobs/sha256"),
                         fs::directory_iterator());
  };
  const auto before = count();
  family_->Make("adapted", "adapter", {"base"}, {"polite"});
  ASSERT_TRUE(SampleAdd(files_, directory_, family_->Path("adapted")).ok());
  const std::string model = family_->Model("base");
  EXPECT_EQ(family_->Model("adapted"), model);
  // The registry's own name and one in each packet.
  EXPECT_EQ(fs::hard_link_count(RegistryBlobPath(directory_, model)), 3u);
  EXPECT_LT(count() - before, before);
}

TEST_F(OperationsTest, RefusesABrokenPacket) {
  const std::string path = family_->Make("base", "import");
  fs::remove(path + "/oci-layout");
  ExpectRefused(SampleAdd(files_, directory_, path), "oci-layout is missing",
                1);
}

TEST_F(OperationsTest, GoesThroughTheStatesAndArchivesWhatIsReplaced) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Raise("base", "champion", "chat");
  EXPECT_EQ(PointsAt("chat"), family_->Packet("base"));
  Raise("tuned", "champion", "chat");
  EXPECT_EQ(PointsAt("chat"), family_->Packet("tuned"));
  EXPECT_EQ(StateOf("base"), "archived");
  EXPECT_EQ(StateOf("tuned"), "champion");
}

TEST_F(OperationsTest, KeepsAChampionThatAnotherAliasPointsAt) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Raise("base", "champion", "chat");
  ASSERT_TRUE(SamplePromote(files_, directory_, family_->Packet("base"),
                            "champion", "mail")
                  .ok());
  Raise("tuned", "champion", "chat");
  EXPECT_EQ(StateOf("base"), "champion");
}

TEST_F(OperationsTest, RefusesToSkipAState) {
  Add("base", "import");
  ExpectRefused(SamplePromote(files_, directory_, family_->Packet("base"),
                              "champion", "chat"),
                "is draft, from where no promotion leads to champion", 2);
}

TEST_F(OperationsTest, RefusesWithoutApprovals) {
  Add("base", "import");
  Raise("base", "canary");
  PromoteRequest request =
      SamplePromotion(directory_, family_->Packet("base"), "champion", "chat");
  request.approvals.pop_back();
  ExpectRefused(SampleDecide(files_, directory_, request),
                "approved by 1 signers (expected 2)", 5);
}

TEST_F(OperationsTest, RefusesAnApprovalForAnotherAliasStateOrPacket) {
  Add("base", "import");
  Add("other", "import");
  Raise("base", "canary");
  Raise("other", "canary");
  const PromoteRequest given =
      SamplePromotion(directory_, family_->Packet("base"), "champion", "chat");
  PromoteRequest request = given;
  request.alias = "mail";
  ExpectRefused(SampleDecide(files_, directory_, request),
                "it approves alias \"chat\" (expected \"mail\")", 9);
  request = given;
  request.state = "specialist";
  ExpectRefused(SampleDecide(files_, directory_, request),
                "it approves state \"champion\" (expected \"specialist\")", 9);
  request = given;
  request.artifact = family_->Packet("other");
  ExpectRefused(SampleDecide(files_, directory_, request),
                "it approves artifact ", 9);
}

TEST_F(OperationsTest, RefusesAnApprovalOfAnOlderSituation) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Raise("base", "canary");
  Raise("tuned", "canary");
  const PromoteRequest base =
      SamplePromotion(directory_, family_->Packet("base"), "champion", "chat");
  const PromoteRequest tuned =
      SamplePromotion(directory_, family_->Packet("tuned"), "champion", "chat");
  ASSERT_TRUE(SampleDecide(files_, directory_, base).ok());
  ExpectRefused(SampleDecide(files_, directory_, tuned),
                "entry 10 has changed what it is about", 10);
}

TEST_F(OperationsTest, TakesAnApprovalThoughOthersWereAddedSince) {
  Add("base", "import");
  Raise("base", "canary");
  const PromoteRequest request =
      SamplePromotion(directory_, family_->Packet("base"), "champion", "chat");
  Add("other", "import");
  EXPECT_TRUE(SampleDecide(files_, directory_, request).ok());
}

TEST_F(OperationsTest, RollsBackOnlyToWhatIsProven) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Add("draft", "import");
  Raise("base", "champion", "chat");
  Raise("tuned", "champion", "chat");
  ExpectRefused(
      SampleRollback(files_, directory_, "chat", family_->Packet("draft")),
      "which is not proven deployable", 12);
  ASSERT_TRUE(
      SampleRollback(files_, directory_, "chat", family_->Packet("base")).ok());
  EXPECT_EQ(PointsAt("chat"), family_->Packet("base"));
  EXPECT_EQ(StateOf("base"), "champion");
  EXPECT_EQ(StateOf("tuned"), "archived");
}

TEST_F(OperationsTest, RetiresWhatNoAliasPointsAt) {
  Add("base", "import");
  Raise("base", "champion", "chat");
  ExpectRefused(SampleRetire(files_, directory_, family_->Packet("base")),
                "alias chat points at ", 6);
  ASSERT_TRUE(SampleRetire(files_, directory_, "chat").ok());
  EXPECT_EQ(PointsAt("chat"), "");
  EXPECT_EQ(StateOf("base"), "archived");
}

TEST_F(OperationsTest, RevokesAllThatComesFromAModel) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Add("merged", "merge", {"tuned"});
  Add("other", "import");
  const absl::StatusOr<Verdict> verdict = RevokeDigest(family_->Model("base"));
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(StateOf("base"), "revoked");
  EXPECT_EQ(StateOf("tuned"), "revoked");
  EXPECT_EQ(StateOf("merged"), "revoked");
  EXPECT_EQ(StateOf("other"), "draft");
}

TEST_F(OperationsTest, RevokesByAnInputOfAReceipt) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  ASSERT_TRUE(RevokeDigest(Sha256("spec of base").ToString()).ok());
  EXPECT_EQ(StateOf("tuned"), "revoked");
}

TEST_F(OperationsTest, RefusesWhatComesFromSomethingRevoked) {
  Add("base", "import");
  ASSERT_TRUE(RevokeDigest(family_->Packet("base")).ok());
  const std::string path = family_->Make("tuned", "fuse", {"base"});
  ExpectRefused(SampleAdd(files_, directory_, path), "which entry 3", 3);
}

TEST_F(OperationsTest, RefusesToRevokeWhatItDoesNotKnow) {
  const absl::StatusOr<Verdict> verdict =
      RevokeDigest(Sha256("unknown").ToString());
  ASSERT_TRUE(verdict.ok());
  ASSERT_EQ(verdict->refusals.size(), 1u);
  EXPECT_TRUE(absl::StrContains(verdict->refusals[0], "nothing in the"));
}

TEST_F(OperationsTest, TakesAnAliasBackWhenItsArtifactIsRevoked) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Raise("base", "champion", "chat");
  Raise("tuned", "champion", "chat");
  const absl::StatusOr<Verdict> verdict =
      RevokeDigest(family_->Packet("tuned"));
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(PointsAt("chat"), family_->Packet("base"));
  EXPECT_EQ(StateOf("base"), "champion");
}

TEST_F(OperationsTest, RollsForwardWhenTheWayBackIsAffectedToo) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Add("next", "import");
  Raise("base", "champion", "chat");
  Raise("tuned", "champion", "chat");
  Raise("next", "canary");
  const absl::StatusOr<Verdict> verdict = RevokeDigest(family_->Model("base"));
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(PointsAt("chat"), "");
  ASSERT_EQ(verdict->fates.size(), 1u);
  EXPECT_EQ(verdict->fates[0].roll_forward, family_->Packet("next"));
}

TEST_F(OperationsTest, SaysWhenNothingIsLeftToRollForwardTo) {
  Add("base", "import");
  Add("draft", "import");
  Raise("base", "champion", "chat");
  const absl::StatusOr<Verdict> verdict = RevokeDigest(family_->Model("base"));
  ASSERT_TRUE(verdict.ok());
  ASSERT_EQ(verdict->fates.size(), 1u);
  EXPECT_EQ(verdict->fates[0].roll_forward, "");
}

TEST_F(OperationsTest, ReindexesToTheSameBytes) {
  Add("base", "import");
  Add("tuned", "fuse", {"base"});
  Raise("base", "champion", "chat");
  Raise("tuned", "specialist", "code");
  ASSERT_TRUE(RevokeDigest(family_->Packet("tuned")).ok());
  const auto before = ReadTree(directory_);
  fs::remove(ArtifactPath(directory_, family_->Packet("base")));
  fs::remove(AliasPath(directory_, "chat"));
  fs::remove(directory_ + "/index/applied.json");
  RegistryWriter writer = *RegistryWriter::Open(
      files_, directory_, RegistryWriter::Derived::kRebuild);
  ASSERT_TRUE(Reindex(writer).ok());
  EXPECT_EQ(ReadTree(directory_), before);
}

TEST_F(OperationsTest, RefusesToMakeARegistryWhereSomethingIs) {
  EXPECT_TRUE(
      absl::IsAlreadyExists(MakeSampleRegistry(files_, directory_)));
}

TEST_F(OperationsTest, NamesTheMissingRegistry) {
  const absl::Status status =
      RegistryWriter::Open(files_, directory_ + "/none").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

}  // namespace
}  // namespace pedigree
