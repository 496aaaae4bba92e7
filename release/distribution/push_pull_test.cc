// Whole packets to a registry and back.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/distribution/pull.h"
#include "release/distribution/push.h"
#include "release/distribution/testing/fake_registry.h"
#include "release/layout.h"
#include "release/make_packet.h"
#include "release/oci.h"
#include "release/testing/packet_editor.h"
#include "release/testing/sample_release.h"
#include "release/verify.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

class PushPullTest : public testing::Test {
 protected:
  PushPullTest()
      : folder_(absl::StrCat(testing::TempDir(), "/push_pull.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    packet_ = folder_ + "/packet";
    out_ = folder_ + "/out";
    const auto made = MakePacket(WriteSampleRelease(folder_));
    EXPECT_TRUE(WritePacket(*made, packet_).ok());
    digest_ = *VerifyPacket(packet_)->digest;
  }

  std::unique_ptr<RegistryClient> Client(const std::string& name) {
    RegistryOptions options;
    options.sleep = [](absl::Duration) {};
    return std::make_unique<RegistryClient>(
        ParseReference(absl::StrCat(registry_.host(), "/", name)).value(),
        Access::kPush, "", std::move(options));
  }

  absl::StatusOr<PushResult> PushTo(const std::string& name,
                                    const std::vector<ClaimFile>& claims = {}) {
    const absl::StatusOr<PacketFiles> files = PacketFiles::OpenLayout(packet_);
    if (!files.ok()) return files.status();
    const absl::StatusOr<PushPacket> packet = OpenPushPacket(*files);
    if (!packet.ok()) return packet.status();
    return Push(*Client(name), *packet, claims, {}, UploadJournal(""));
  }

  absl::StatusOr<PullResult> PullFrom(const std::string& name) {
    return Pull(*Client(name), 4, out_);
  }

  std::string folder_;
  std::string packet_;
  std::string out_;
  Digest digest_;
  FakeRegistry registry_;
};

const std::vector<ClaimFile> kClaims = {
    {"claims.intoto.jsonl", std::string(kEnvelopesArtifactType), "{}\n"},
    {"eval.sigstore.json", std::string(kBundleArtifactType), "{\"a\":1}"}};

TEST_F(PushPullTest, APacketComesBackAsItWas) {
  const absl::StatusOr<PushResult> pushed = PushTo("a:v1");
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_GT(pushed->blobs_sent, 5u);
  EXPECT_EQ(Sha256(*registry_.Manifest("v1")), digest_);
  // The manifest comes last.
  EXPECT_EQ(registry_.Log().back(), "PUT /v2/a/manifests/v1");

  const absl::StatusOr<PullResult> pulled = PullFrom("a:v1");
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_EQ(pulled->digest, digest_);
  EXPECT_EQ(pulled->bytes_received, pushed->bytes_sent);
  const absl::StatusOr<VerifyReport> report = VerifyPacket(out_, digest_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->faults.empty()) << report->faults.front();
  EXPECT_FALSE(fs::exists(out_ + ".partial"));
}

TEST_F(PushPullTest, ASecondPushSendsNothing) {
  ASSERT_TRUE(PushTo("a:v1").ok());
  const absl::StatusOr<PushResult> again = PushTo("a:v2");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->blobs_sent, 0u);
  EXPECT_EQ(again->bytes_sent, 0u);
}

TEST_F(PushPullTest, WithoutATagTheDigestNamesIt) {
  ASSERT_TRUE(PushTo("a").ok());
  EXPECT_TRUE(PullFrom(absl::StrCat("a@", digest_.ToString())).ok());
}

TEST_F(PushPullTest, ClaimsGoAlongByTheTag) {
  const absl::StatusOr<PushResult> pushed = PushTo("a:v1", kClaims);
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_EQ(pushed->claims.size(), 2u);
  EXPECT_TRUE(
      registry_.Manifest(absl::StrCat("sha256-", digest_.Hex())).has_value());
  const absl::StatusOr<size_t> claims =
      PullClaims(*Client("a:v1"), digest_, out_);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(*claims, 2u);
  EXPECT_EQ(*ReadFile(out_ + "/claims.intoto.jsonl"), "{}\n");
  EXPECT_EQ(*ReadFile(out_ + "/eval.sigstore.json"), "{\"a\":1}");
}

TEST_F(PushPullTest, ClaimsGoAlongByTheApiWhereThereIsOne) {
  registry_.HaveReferrers();
  ASSERT_TRUE(PushTo("a:v1", kClaims).ok());
  EXPECT_FALSE(
      registry_.Manifest(absl::StrCat("sha256-", digest_.Hex())).has_value());
  EXPECT_EQ(*PullClaims(*Client("a:v1"), digest_, out_), 2u);
}

TEST_F(PushPullTest, ClaimsOfOneNameAreAllKept) {
  std::vector<ClaimFile> others = kClaims;
  others[1].bytes = "{\"a\":2}";
  ASSERT_TRUE(PushTo("a:v1", kClaims).ok());
  ASSERT_TRUE(PushTo("a:v1", others).ok());
  // The same again is no other.
  ASSERT_TRUE(PushTo("a:v1", kClaims).ok());
  EXPECT_EQ(*PullClaims(*Client("a:v1"), digest_, out_), 3u);
  EXPECT_TRUE(fs::exists(out_ + "/eval.sigstore.json"));
}

TEST_F(PushPullTest, APullGoesOnWhereABrokenOneStopped) {
  const absl::StatusOr<PushResult> pushed = PushTo("a:v1");
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  const PacketEditor editor(packet_);
  const Digest model = editor.DigestOf("model.slm");
  const std::string model_path = absl::StrCat("/v2/a/blobs/", model.ToString());
  registry_.SetHook(
      [&](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.path != model_path) return std::nullopt;
        return FakeReply{403, {}, "", std::nullopt};
      });
  EXPECT_EQ(PullFrom("a:v1").status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_TRUE(fs::exists(out_ + ".partial"));
  registry_.SetHook(nullptr);
  const absl::StatusOr<PullResult> pulled = PullFrom("a:v1");
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_LE(pulled->bytes_received, pushed->bytes_sent);
  EXPECT_TRUE(VerifyPacket(out_, digest_)->faults.empty());
}

TEST_F(PushPullTest, WhatAnotherPacketLeftIsRemoved) {
  ASSERT_TRUE(PushTo("a:v1").ok());
  const std::string stray =
      out_ + ".partial/blobs/sha256/" + std::string(64, 'a');
  fs::create_directories(out_ + ".partial/blobs/sha256");
  ASSERT_TRUE(WriteFileAtomically(stray, "x").ok());
  ASSERT_TRUE(WriteFileAtomically(out_ + ".partial/stray", "x").ok());
  const absl::StatusOr<PullResult> pulled = PullFrom("a:v1");
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_TRUE(pulled->faults.empty());
}

TEST_F(PushPullTest, RefusesAPacketThatVerificationRefuses) {
  ASSERT_TRUE(PushTo("a:v1").ok());
  // Careful: every digest is right, the contents do not belong together.
  PacketEditor editor(packet_);
  editor.ChangeJson("decision.json", [](Json& decision) {
    decision["gate"] = "another";
  });
  ASSERT_TRUE(PushTo("a:bad").ok());
  const absl::StatusOr<PullResult> pulled = PullFrom("a:bad");
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_FALSE(pulled->faults.empty());
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_FALSE(fs::exists(out_ + ".partial"));
}

TEST_F(PushPullTest, RefusesAManifestThatIsNoPackets) {
  registry_.PutManifest("v1", R"({"schemaVersion":2,"manifests":[]})");
  const absl::StatusOr<PullResult> pulled = PullFrom("a:v1");
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_FALSE(pulled->faults.empty());
  EXPECT_FALSE(fs::exists(out_ + ".partial"));
}

TEST_F(PushPullTest, RefusesAManifestOfAnotherDigest) {
  ASSERT_TRUE(PushTo("a:v1").ok());
  registry_.SetHook([](const FakeRequest&) -> std::optional<FakeReply> {
    return FakeReply{200, {}, "{}", std::nullopt};
  });
  EXPECT_EQ(PullFrom(absl::StrCat("a@", digest_.ToString())).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(PushPullTest, RefusesARegistryThatStoredAnotherManifest) {
  registry_.SetHook(
      [](const FakeRequest& request) -> std::optional<FakeReply> {
        if (request.path != "/v2/a/manifests/v1") return std::nullopt;
        return FakeReply{
            201,
            {{"Docker-Content-Digest", Sha256("another").ToString()}},
            "",
            std::nullopt};
      });
  EXPECT_EQ(PushTo("a:v1").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PushPullTest, RefusesATagThatIsNotThere) {
  EXPECT_EQ(PullFrom("a:v1").status().message(),
            absl::StrCat(registry_.host(), "/a: no manifest v1"));
}

TEST_F(PushPullTest, RefusesToReplaceAFolder) {
  ASSERT_TRUE(PushTo("a:v1").ok());
  fs::create_directory(out_);
  EXPECT_EQ(PullFrom("a:v1").status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(PushPullTest, RefusesAPlaceThatAnotherPullIsBusyWith) {
  ASSERT_TRUE(PushTo("a:v1").ok());
  bool first = true;
  absl::Status second;
  registry_.SetHook([&](const FakeRequest& request)
                        -> std::optional<FakeReply> {
    if (absl::StrContains(request.path, "/blobs/") &&
        std::exchange(first, false)) {
      registry_.SetHook(nullptr);
      second = PullFrom("a:v1").status();
    }
    return std::nullopt;
  });
  EXPECT_TRUE(Pull(*Client("a:v1"), 1, out_).ok());
  EXPECT_EQ(second.code(), absl::StatusCode::kAborted);
}

TEST_F(PushPullTest, RefusesClaimsAboutAnotherPacket) {
  ASSERT_TRUE(PushTo("a:v1", kClaims).ok());
  const Digest other = Sha256("other");
  registry_.PutManifest(
      absl::StrCat("sha256-", other.Hex()),
      *registry_.Manifest(absl::StrCat("sha256-", digest_.Hex())));
  const absl::Status status = PullClaims(*Client("a:v1"), other, out_).status();
  EXPECT_TRUE(absl::StrContains(
      status.message(), absl::StrCat("points at \"", digest_.ToString(),
                                     "\" (expected ", other.ToString(), ")")))
      << status;
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(PushPullTest, RefusesClaimsWhoseBytesAreOthers) {
  ASSERT_TRUE(PushTo("a:v1", kClaims).ok());
  registry_.SetHook(
      [](const FakeRequest& request) -> std::optional<FakeReply> {
        if (!absl::StrContains(request.path, "/blobs/")) return std::nullopt;
        return FakeReply{200, {}, "{}?", std::nullopt};
      });
  EXPECT_EQ(PullClaims(*Client("a:v1"), digest_, out_).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(PushPullTest, RefusesToPushADamagedPacket) {
  PacketEditor editor(packet_);
  editor.FlipBit(editor.PathOf("record.json"));
  // The registry notices.
  EXPECT_TRUE(absl::StrContains(PushTo("a:v1").status().message(),
                                "DIGEST_INVALID"));
  EXPECT_FALSE(registry_.Manifest("v1").has_value());
  fs::remove(editor.PathOf("record.json"));
  EXPECT_TRUE(absl::StrContains(PushTo("a:v1").status().message(),
                                "Missing blob"));
}

}  // namespace
}  // namespace pedigree
