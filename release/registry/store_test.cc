#include "release/registry/store.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/registry/file_system.h"
#include "release/registry/ledger.h"
#include "release/registry/records.pb.h"
#include "release/registry/state.h"
#include "release/registry/testing/crash_file_system.h"
#include "release/registry/testing/sample_family.h"
#include "release/registry/testing/sample_registry.h"
#include "runtime/base/proto_json.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Also where a read-only file is.
void Spill(const std::string& path, const std::string& contents) {
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << contents;
}

// What one process tells another, once.
class Signal {
 public:
  Signal() { EXPECT_EQ(pipe(ends_), 0); }
  ~Signal() {
    close(ends_[0]);
    close(ends_[1]);
  }
  void Give() { EXPECT_EQ(write(ends_[1], "x", 1), 1); }
  void Wait() {
    char byte = 0;
    EXPECT_EQ(read(ends_[0], &byte, 1), 1);
  }

 private:
  int ends_[2] = {-1, -1};
};

int WaitFor(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

void ExpectGood(pid_t child) {
  const int status = WaitFor(child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// A process that does not wait for the lock would have ended long before.
void ExpectStillWaiting(pid_t child) {
  usleep(50'000);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, WNOHANG), 0);
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(testing::TempDir(), "/store");
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    directory_ = folder_ + "/registry";
    const absl::Status status = MakeSampleRegistry(files_, directory_);
    ASSERT_TRUE(status.ok()) << status;
  }

  std::string Path(const std::string& name) const {
    return absl::StrCat(directory_, "/", name);
  }

  RegistryWriter Open() {
    absl::StatusOr<RegistryWriter> writer =
        RegistryWriter::Open(files_, directory_);
    EXPECT_TRUE(writer.ok()) << writer.status();
    return *std::move(writer);
  }

  // An entry that adds artifacts of these names, as no command does: only the
  // store is asked.
  static registry::Entry Adds(int first, int count) {
    registry::Entry entry;
    entry.set_action("add");
    entry.set_at(kSampleTime);
    entry.set_subject(Artifact(first));
    for (int i = first; i < first + count; ++i) {
      registry::Transition& transition = *entry.add_transitions();
      transition.set_artifact(Artifact(i));
      transition.set_to("draft");
    }
    return entry;
  }

  static std::string Artifact(int number) {
    return Sha256(absl::StrCat("artifact ", number)).ToString();
  }

  void CommitAdd(int number) {
    RegistryWriter writer = Open();
    registry::Entry entry = Adds(number, 1);
    const absl::Status status = writer.Commit(entry, RegistryState());
    ASSERT_TRUE(status.ok()) << status;
  }

  void ExpectOpenRefused(const std::string& said) {
    const absl::Status status =
        RegistryWriter::Open(files_, directory_).status();
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(absl::StrContains(status.message(), said)) << status;
  }

  FileSystem& files_ = RealFileSystem();
  std::string folder_;
  std::string directory_;
};

TEST_F(StoreTest, MakesARegistryOfOneEntry) {
  const absl::StatusOr<Ledger> ledger = ReadLedger(directory_);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_EQ(ledger->size(), 1u);
  for (const std::string& name : RegistryFolders()) {
    EXPECT_TRUE(fs::is_directory(Path(name))) << name;
  }
  EXPECT_EQ(*ReadRegistryBlob(directory_, SamplePolicy().digest(), 1 << 20),
            SamplePolicy().text());
}

TEST_F(StoreTest, EndsAnInitThatWasCutOff) {
  fs::remove(Path("registry.json"));
  Spill(Path("tmp/part"), "half");
  const absl::Status status = MakeSampleRegistry(files_, directory_);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(fs::is_empty(Path("tmp")));
  EXPECT_TRUE(ReadLedger(directory_).ok());
}

TEST_F(StoreTest, RefusesToInitWhereAnythingElseLies) {
  const absl::Status again = MakeSampleRegistry(files_, directory_);
  EXPECT_EQ(again.message(), directory_ + ": a registry already");
  fs::create_directory(folder_ + "/mine");
  Spill(folder_ + "/mine/notes.txt", "");
  const absl::Status other = MakeSampleRegistry(files_, folder_ + "/mine");
  EXPECT_EQ(other.message(),
            folder_ + "/mine: holds notes.txt (expected nothing)");
}

TEST_F(StoreTest, CutsOffWhatTheHeadDoesNotCover) {
  CommitAdd(1);
  const std::string before = Slurp(Path("ledger.jsonl"));
  std::ofstream(Path("ledger.jsonl"), std::ios::app) << "{\"action\":\"re";
  Spill(Path("tmp/blob"), "half");
  EXPECT_EQ(Open().ledger().size(), 2u);
  EXPECT_EQ(Slurp(Path("ledger.jsonl")), before);
  EXPECT_TRUE(fs::is_empty(Path("tmp")));
}

TEST_F(StoreTest, BringsTheIndexUpToAnEntryThatCounts) {
  const std::string applied = Slurp(Path("index/applied.json"));
  CommitAdd(1);
  const std::string expected = Slurp(ArtifactPath(directory_, Artifact(1)));
  fs::remove(ArtifactPath(directory_, Artifact(1)));
  Spill(Path("index/applied.json"), applied);
  Open();
  EXPECT_EQ(Slurp(ArtifactPath(directory_, Artifact(1))), expected);
  EXPECT_EQ(ReadApplied(directory_, *ReadLedger(directory_))->sequence(), 2u);
}

TEST_F(StoreTest, WritesManyDerivedFilesAsItWritesOne) {
  CommitAdd(1);
  RegistryWriter writer = Open();
  registry::Entry entry;
  entry.set_action("revoke");
  entry.set_at(kSampleTime);
  entry.set_subject(Artifact(1));
  RegistryState state;
  for (int i = 100; i < 140; ++i) {
    state.Apply(Adds(i, 1));
    registry::Transition& transition = *entry.add_transitions();
    transition.set_artifact(Artifact(i));
    transition.set_from("draft");
    transition.set_to("revoked");
  }
  RegistryState expected = state;
  ASSERT_TRUE(writer.Commit(entry, std::move(state)).ok());
  expected.Apply(entry);
  for (const auto& [digest, artifact] : expected.artifacts()) {
    EXPECT_TRUE(CheckArtifactFile(directory_, artifact).ok()) << digest;
  }
  EXPECT_TRUE(fs::is_empty(Path("tmp")));
}

TEST_F(StoreTest, KeepsABlobOnceAndReadOnly) {
  RegistryWriter writer = Open();
  const std::string digest = *writer.PutBlob("approval");
  EXPECT_EQ(digest, Sha256("approval").ToString());
  EXPECT_EQ(*writer.PutBlob("approval"), digest);
  const std::string path = RegistryBlobPath(directory_, digest);
  EXPECT_EQ(Slurp(path), "approval");
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::all,
            fs::perms::owner_read | fs::perms::group_read |
                fs::perms::others_read);
}

TEST_F(StoreTest, RefusesToTakeABlobThatWasChangedForTheSame) {
  RegistryWriter writer = Open();
  const std::string digest = *writer.PutBlob("approval");
  Spill(RegistryBlobPath(directory_, digest), "approvaL");
  EXPECT_EQ(writer.PutBlob("approval").status().message(),
            absl::StrCat("Corrupted blob: digest is ",
                         Sha256("approvaL").ToString(), " (expected ", digest,
                         ")"));
}

TEST_F(StoreTest, MakesThePacketOfACutOffAddAnew) {
  SampleFamily family(folder_);
  const std::string source = family.Make("base", "import");
  const Digest manifest = *ParseDigest(family.Packet("base"));
  const std::string folder = PacketPath(directory_, family.Packet("base"));
  fs::create_directories(folder + "/blobs");
  Spill(folder + "/stray", "x");
  RegistryWriter writer = Open();
  const absl::Status status = writer.PutPacket(source, manifest);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ReadTree(folder), ReadTree(source));
  EXPECT_EQ(fs::hard_link_count(
                RegistryBlobPath(directory_, family.Model("base"))),
            2u);
}

TEST_F(StoreTest, RefusesAPacketWhoseBlobChangedSinceItWasVerified) {
  SampleFamily family(folder_);
  const std::string source = family.Make("base", "import");
  const std::string model = family.Model("base");
  Spill(absl::StrCat(source, "/blobs/sha256/", model.substr(7)), "weights");
  RegistryWriter writer = Open();
  const absl::Status status =
      writer.PutPacket(source, *ParseDigest(family.Packet("base")));
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_TRUE(absl::StrContains(
      status.message(), absl::StrCat("digest is ",
                                     Sha256("weights").ToString(),
                                     " (expected ", model, ")")))
      << status;
  EXPECT_FALSE(fs::exists(PacketPath(directory_, family.Packet("base"))));
  EXPECT_FALSE(fs::exists(RegistryBlobPath(directory_, model)));
  EXPECT_TRUE(fs::is_empty(Path("tmp")));
}

TEST_F(StoreTest, RemovesWhatNoEntryNamesWhenItRebuilds) {
  {
    RegistryWriter writer = Open();
    ASSERT_TRUE(writer.PutBlob("nobody names it").ok());
  }
  fs::create_directories(PacketPath(directory_, Artifact(1)) + "/blobs");
  Spill(AliasPath(directory_, "chat"), "{}");
  Spill(ArtifactPath(directory_, Artifact(1)), "{}");
  RegistryWriter writer = Open();
  const auto state = RegistryState::Replay(writer.ledger());
  ASSERT_TRUE(state.ok()) << state.status();
  ASSERT_TRUE(writer.Rebuild(*state).ok());
  for (const char* folder : {"aliases", "index/artifacts", "packets"}) {
    EXPECT_TRUE(fs::is_empty(Path(folder))) << folder;
  }
  EXPECT_FALSE(fs::exists(
      RegistryBlobPath(directory_, Sha256("nobody names it").ToString())));
  EXPECT_TRUE(fs::exists(RegistryBlobPath(directory_, SamplePolicy().digest())));
}

TEST_F(StoreTest, LetsManyReadAtOnce) {
  const auto one =
      RegistryLock::Take(directory_, RegistryLock::Kind::kShared);
  const auto two =
      RegistryLock::Take(directory_, RegistryLock::Kind::kShared);
  EXPECT_TRUE(one.ok() && two.ok());
  EXPECT_FALSE(IsHeldByWriter(directory_));
}

TEST_F(StoreTest, WaitsForTheWriterBefore) {
  Signal locked;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    locked.Wait();
    const auto lock =
        RegistryLock::Take(directory_, RegistryLock::Kind::kAlone);
    // What was written under the lock is seen.
    _exit(lock.ok() && fs::exists(Path("tmp/written")) ? 0 : 1);
  }
  std::optional<RegistryWriter> writer = Open();
  EXPECT_TRUE(IsHeldByWriter(directory_));
  locked.Give();
  ExpectStillWaiting(child);
  Spill(Path("tmp/written"), "");
  writer.reset();
  ExpectGood(child);
}

TEST_F(StoreTest, TakesTheLockOfAWriterThatWasKilledWithIt) {
  Signal locked;
  const pid_t holding = fork();
  ASSERT_GE(holding, 0);
  if (holding == 0) {
    const auto writer = RegistryWriter::Open(files_, directory_);
    if (!writer.ok()) _exit(1);
    locked.Give();
    pause();
  }
  locked.Wait();
  const pid_t waiting = fork();
  ASSERT_GE(waiting, 0);
  if (waiting == 0) {
    _exit(RegistryWriter::Open(files_, directory_).ok() ? 0 : 1);
  }
  ExpectStillWaiting(waiting);
  kill(holding, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(WaitFor(holding)));
  ExpectGood(waiting);
}

TEST_F(StoreTest, RefusesAFolderThatIsNoRegistry) {
  const std::string said =
      folder_ + ": no registry (it has no registry.json; see registry init)";
  EXPECT_EQ(ReadLedger(folder_).status().message(), said);
  EXPECT_EQ(RegistryWriter::Open(files_, folder_).status().message(), said);
  EXPECT_EQ(RegistryLock::Take(folder_, RegistryLock::Kind::kAlone)
                .status()
                .message(),
            said);
}

TEST_F(StoreTest, RefusesTheMarkerOfAnotherRegistry) {
  registry::Marker marker;
  marker.set_schema_version("pedigree.registry.v1");
  marker.set_id(Artifact(1));
  Spill(Path("registry.json"), CanonicalRecord(marker));
  ExpectOpenRefused("Corrupted registry.json: ");
}

TEST_F(StoreTest, RefusesALedgerThatIsALink) {
  fs::rename(Path("ledger.jsonl"), folder_ + "/elsewhere");
  fs::create_symlink(folder_ + "/elsewhere", Path("ledger.jsonl"));
  ExpectOpenRefused("ledger.jsonl");
}

TEST_F(StoreTest, RefusesAnIndexThatIsTwoEntriesBehind) {
  const std::string applied = Slurp(Path("index/applied.json"));
  CommitAdd(1);
  CommitAdd(2);
  Spill(Path("index/applied.json"), applied);
  ExpectOpenRefused(
      "Corrupted index: index/applied.json says entry 1 (expected 3 or the one "
      "before); registry reindex writes it anew");
}

TEST_F(StoreTest, RefusesAnIndexOfAnotherHistory) {
  registry::Applied applied;
  applied.set_schema_version("pedigree.applied.v1");
  applied.set_sequence(1);
  applied.set_entry(Artifact(1));
  Spill(Path("index/applied.json"), CanonicalRecord(applied));
  ExpectOpenRefused("Corrupted index: index/applied.json says entry 1");
}

TEST_F(StoreTest, RefusesDigestsThatAreNoSafePaths) {
  const absl::Status status =
      ReadRegistryBlob(directory_, "sha256:../../registry.json", 1 << 20)
          .status();
  EXPECT_TRUE(absl::StrContains(status.message(), "Invalid digest")) << status;
}

TEST_F(StoreTest, RefusesAnAliasFileThatSaysSomethingElse) {
  registry::Alias alias;
  alias.set_alias("chat");
  Spill(AliasPath(directory_, "chat"), "{}");
  EXPECT_EQ(CheckAliasFile(directory_, alias).message(),
            "Corrupted alias chat: alias is absent (expected \"chat\"); "
            "registry reindex writes it anew from the ledger");
}

// The next writer would take what was decided since for a write that was cut
// off, and remove it.
TEST_F(StoreTest, RefusesAnOldHeadAndCutsNothingOff) {
  const std::string head = Slurp(Path("head.json"));
  CommitAdd(1);
  const std::string one = Slurp(Path("head.json"));
  CommitAdd(2);
  const std::string ledger = Slurp(Path("ledger.jsonl"));
  Spill(Path("head.json"), one);
  ExpectOpenRefused(
      "Corrupted head.json: an old one: it ends at entry 2, and the ledger goes "
      "on for 1 (expected none, or one of a write that was cut off)");
  Spill(Path("head.json"), head);
  ExpectOpenRefused("it ends at entry 1, and the ledger goes on for 2");
  // To make the index anew is no way around it.
  fs::remove(Path("index/applied.json"));
  EXPECT_TRUE(absl::IsDataLoss(
      RegistryWriter::Open(files_, directory_,
                           RegistryWriter::Derived::kRebuild)
          .status()));
  EXPECT_EQ(Slurp(Path("ledger.jsonl")), ledger);
}

}  // namespace
}  // namespace pedigree
