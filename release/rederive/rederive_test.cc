// The whole of a rederivation, with a launcher that "builds" by copying.

#include "release/rederive/rederive.h"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/make_packet.h"
#include "release/rederive/report.h"
#include "release/testing/packet_editor.h"
#include "release/testing/sample_release.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

// Takes the flags of the real one, notes its commands, and answers them.
constexpr std::string_view kLauncher = R"sh(#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for argument; do
  case $argument in
    --output_base=*) base=${argument#*=} ;;
    --*) ;;
    *) break ;;
  esac
  shift
done
command=$1
mkdir -p "$base/bin/models"
echo "$command $*" >> "$here/../commands"
case $command in
  aquery) cat "$here/actions.json" ;;
  build)
    if [ -f "$here/error.txt" ]; then
      cat "$here/error.txt" >&2
      exit 1
    fi
    cp -r "$here/../rebuilt" "$base/bin/models/packet"
    ;;
  info) echo "$base/bin" ;;
  shutdown) ;;
  *) exit 9 ;;
esac
)sh";

constexpr std::string_view kActions =
    R"({"actions":[{"arguments":["--name=sample",)"
    R"("--source=models/parent.textproto=models/parent.textproto"]}]})";

class RederiveTest : public testing::Test {
 protected:
  RederiveTest() {
    folder_ = absl::StrCat(testing::TempDir(), "/rederive.XXXXXX");
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    fs::create_directories(Path("source/models"));
    fs::create_directories(Path("sample"));
    fs::create_directories(Path("scratch"));
    const PacketRequest request = WriteSampleRelease(Path("sample"));
    const auto made = MakePacket(request);
    EXPECT_TRUE(made.ok()) << made.status();
    EXPECT_TRUE(WritePacket(*made, Path("packet")).ok());
    EXPECT_TRUE(WritePacket(*made, Path("rebuilt")).ok());
    // The sample's one source.
    fs::copy(request.sources[0].second, Path("source/models/parent.textproto"));
    Write("source/actions.json", kActions);
    Write("source/bazelw", kLauncher);
    fs::permissions(Path("source/bazelw"), fs::perms::owner_all);
    options_.packet = Path("packet");
    options_.source = Path("source");
    options_.target = "//models:packet";
    options_.scratch = Path("scratch");
  }

  ~RederiveTest() override {
    // Whatever the verdict, nothing of the clean build stays.
    EXPECT_TRUE(fs::is_empty(Path("scratch")));
  }

  std::string Path(std::string_view name) const {
    return absl::StrCat(folder_, "/", name);
  }

  void Write(std::string_view name, std::string_view contents) {
    ASSERT_TRUE(WriteFileAtomically(Path(name), contents).ok());
  }

  std::string Commands() const {
    return ReadFile(Path("commands")).value_or("");
  }

  Rederivation Run() const {
    auto rederivation = Rederive(options_);
    EXPECT_TRUE(rederivation.ok()) << rederivation.status();
    return *std::move(rederivation);
  }

  std::string folder_;
  RederiveOptions options_;
};

TEST_F(RederiveTest, TheSamePacketIsGood) {
  const Rederivation found = Run();
  EXPECT_EQ(found.verdict, RederiveVerdict::kGood)
      << DescribeRederivation(found);
  EXPECT_EQ(found.rebuilt_digest, found.packet_digest);
  EXPECT_GT(found.blobs, 10u);
  EXPECT_TRUE(found.source_notes.empty());
  EXPECT_NE(found.inputs_digest, "");
  EXPECT_EQ(found.source_inputs_digest, found.inputs_digest);
}

TEST_F(RederiveTest, BuildsInACleanPlaceWithoutACache) {
  const Rederivation found = Run();
  EXPECT_EQ(found.action_cache, "none");
  const std::string commands = Commands();
  EXPECT_TRUE(absl::StrContains(commands, " --disk_cache= ")) << commands;
  EXPECT_TRUE(absl::StrContains(commands, "--symlink_prefix=/")) << commands;
  EXPECT_TRUE(absl::StrContains(commands, "shutdown")) << commands;
}

TEST_F(RederiveTest, SaysWhenACacheWasAllowed) {
  options_.disk_cache = "allowed";
  EXPECT_EQ(Run().action_cache, "allowed");
  EXPECT_FALSE(absl::StrContains(Commands(), "--disk_cache"));
}

TEST_F(RederiveTest, ANewCacheIsAsGoodAsNone) {
  options_.disk_cache = Path("cache");
  EXPECT_EQ(Run().action_cache, "none");
  EXPECT_TRUE(absl::StrContains(Commands(),
                                absl::StrCat("--disk_cache=", Path("cache"))));
  Write("cache-file", "");
  fs::create_directories(Path("cache"));
  fs::rename(Path("cache-file"), Path("cache/file"));
  EXPECT_EQ(Run().action_cache, "allowed");
}

TEST_F(RederiveTest, NamesWhatDiffers) {
  PacketEditor(Path("rebuilt"))
      .Replace("model.slm", "bytes of the parent modem");
  const Rederivation found = Run();
  EXPECT_EQ(found.verdict, RederiveVerdict::kBad);
  ASSERT_EQ(found.divergences.size(), 1u);
  EXPECT_EQ(found.divergences[0].artifact, "model.slm");
  EXPECT_EQ(found.divergences[0].place["offset"], "24");
  const Json statement = RederivationStatement(found);
  EXPECT_EQ(statement["predicate"]["verdict"], "BAD");
  EXPECT_EQ(statement["predicate"]["firstDivergence"]["artifact"], "model.slm");
}

TEST_F(RederiveTest, NotesASourceThatDiffersThoughThePacketIsTheSame) {
  options_.expected_source = Sha256("another tree").ToString();
  const Rederivation found = Run();
  EXPECT_EQ(found.verdict, RederiveVerdict::kGood);
  ASSERT_EQ(found.source_notes.size(), 1u);
  EXPECT_TRUE(
      absl::StrContains(found.source_notes[0], found.source_digest.ToString()));
}

TEST_F(RederiveTest, NotesInputsThatDiffer) {
  Write("source/models/parent.textproto", "another parent");
  const Rederivation found = Run();
  ASSERT_EQ(found.source_notes.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(found.source_notes[0],
                               "inputs digest of 1 files is sha256:"));
}

TEST_F(RederiveTest, AFailedBuildCouldNotRun) {
  Write("source/error.txt",
        absl::StrCat("ERROR: ", folder_, "/BUILD: Compiling a.cc failed\n"));
  const Rederivation found = Run();
  EXPECT_EQ(found.verdict, RederiveVerdict::kCouldNotRun);
  EXPECT_EQ(found.failure.kind, "build-failed");
  EXPECT_EQ(found.failure.reason, "ERROR: <path> Compiling a.cc failed");
  EXPECT_FALSE(found.rebuilt_digest.has_value());
}

TEST_F(RederiveTest, AMissingPinCouldNotRun) {
  Write(
      "source/error.txt",
      "Error in fail: //third_party/zstd:archives.lock: no archive of zstd\n");
  const Rederivation found = Run();
  EXPECT_EQ(found.failure.kind, "toolchain-pin");
  EXPECT_EQ(RederivationToJson(found)["could_not_run"]["kind"],
            "toolchain-pin");
}

TEST_F(RederiveTest, ATargetThatIsNoPacketCouldNotRun) {
  Write("source/actions.json", "{}");
  EXPECT_EQ(Run().failure.kind, "no-packet");
}

TEST_F(RederiveTest, ARebuiltPacketThatIsCorruptedCouldNotRun) {
  PacketEditor editor(Path("rebuilt"));
  editor.FlipBit(editor.PathOf("model.slm"));
  const Rederivation found = Run();
  EXPECT_EQ(found.verdict, RederiveVerdict::kCouldNotRun);
  EXPECT_TRUE(absl::StrContains(found.failure.reason, "Corrupted model.slm"));
}

TEST_F(RederiveTest, ASourceWithoutALauncherCouldNotRun) {
  fs::remove(Path("source/bazelw"));
  EXPECT_EQ(Run().failure.kind, "no-launcher");
}

TEST_F(RederiveTest, ReportsNameNothingOfTheMachine) {
  Write("source/error.txt", absl::StrCat("ERROR: in ", folder_, "/x\n"));
  const Rederivation found = Run();
  for (const std::string& report : {CanonicalJson(RederivationToJson(found)),
                                    CanonicalJson(RederivationStatement(found)),
                                    DescribeRederivation(found)}) {
    EXPECT_FALSE(absl::StrContains(report, folder_)) << report;
  }
}

TEST_F(RederiveTest, StatementsAreAboutThePacket) {
  const Rederivation found = Run();
  const Json statement = RederivationStatement(found);
  EXPECT_EQ(statement["_type"], "https://in-toto.io/Statement/v1");
  EXPECT_EQ(statement["predicateType"], "https://pedigree.dev/rederivation/v1");
  ASSERT_EQ(statement["subject"].size(), 1u);
  EXPECT_EQ(statement["subject"][0]["digest"]["sha256"],
            found.packet_digest.Hex());
  EXPECT_EQ(statement["predicate"]["rebuilt"]["digest"]["sha256"],
            found.packet_digest.Hex());
  EXPECT_EQ(CanonicalJson(RederivationStatement(Run())),
            CanonicalJson(statement));
}

TEST_F(RederiveTest, RefusesBadInput) {
  const auto refused =
      [&](const std::function<void(RederiveOptions&)>& change) {
        RederiveOptions options = options_;
        change(options);
        return Rederive(options).status();
      };
  EXPECT_FALSE(refused([](auto& o) { o.packet += "/none"; }).ok());
  EXPECT_FALSE(refused([](auto& o) { o.source += "/none"; }).ok());
  EXPECT_FALSE(refused([](auto& o) { o.scratch += "/none"; }).ok());
  EXPECT_FALSE(refused([](auto& o) { o.target = "models:packet"; }).ok());
  EXPECT_FALSE(refused([](auto& o) { o.target = "//a:../b"; }).ok());
  EXPECT_FALSE(refused([](auto& o) { o.target = "//a:b //c:d"; }).ok());
  EXPECT_FALSE(refused([](auto& o) { o.expected_source = "sha1:aa"; }).ok());
  EXPECT_FALSE(refused([](auto& o) { o.expected_commit = "--all"; }).ok());
  EXPECT_EQ(Commands(), "");
}

TEST_F(RederiveTest, RefusesACorruptedPacket) {
  PacketEditor editor(Path("packet"));
  editor.FlipBit(editor.PathOf("model.slm"));
  EXPECT_EQ(Rederive(options_).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace pedigree
