// What a crash leaves of every decision in a registry. Two series:
//
//   kill       the process is killed by SIGKILL before a call that changes the
//              disk, after it, or half-way through a write
//   power cut  the disk is left with what was synced before a call, and with
//              various parts of what was not
//
// After each: the ledger is that from before or that from after, whole; the
// registry verifies; deciding again ends in the very bytes of the decision that
// was not disturbed. By default in a sample of all moments; with
// PEDIGREE_CRASH_STRIDE=1 at every one, and with PEDIGREE_CRASH_ROUNDS=4 of
// histories of four families of models, so that each call meets every kind of
// power cut (ci/registry_kill.sh).

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/registry/file_system.h"
#include "release/registry/operations.h"
#include "release/registry/signed_statement.h"
#include "release/registry/store.h"
#include "release/registry/testing/crash_file_system.h"
#include "release/registry/testing/sample_family.h"
#include "release/registry/testing/sample_registry.h"
#include "release/registry/verify_registry.h"
#include "release/signing/signer.h"
#include "release/testing/sample_keys.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;
using Tree = std::map<std::string, std::string>;

// One decision on a registry in a given state.
struct Step {
  std::string name;
  std::function<absl::Status(FileSystem&, const std::string&)> decide;
  // Whether nothing is left over after it.
  bool clean = true;
};

// A number from the environment.
int Setting(const char* name, int value) {
  const char* text = std::getenv(name);
  if (text != nullptr) EXPECT_TRUE(absl::SimpleAtoi(text, &value));
  return value;
}

// In normal form, as FolderOf() gives it: a recorded call is known by its path.
std::string Scratch(const std::string& name) {
  return (fs::path(testing::TempDir()) / name).lexically_normal().string();
}

// The ledger's lines that count, or nothing when there is no registry.
std::string LedgerOf(const std::string& directory) {
  const absl::StatusOr<Ledger> ledger = ReadLedger(directory);
  if (!ledger.ok()) {
    EXPECT_TRUE(absl::IsNotFound(ledger.status())) << ledger.status();
    return "";
  }
  std::string lines;
  for (uint64_t i = 1; i <= ledger->size(); ++i) {
    absl::StrAppend(&lines, ledger->Line(i), "\n");
  }
  return lines;
}

class CrashTest : public testing::Test {
 protected:
  void SetUp() override { StartRound(0); }

  // Forgets registry and packets.
  void StartRound(int round) {
    round_ = round;
    base_ = Scratch("base");
    work_ = Scratch("work");
    fs::remove_all(base_);
    fs::remove_all(Scratch("family"));
    fs::create_directory(Scratch("family"));
    family_ = std::make_unique<SampleFamily>(Scratch("family"));
  }

  void TearDown() override {
    std::printf("%s: %d kills, %d power cuts, %d calls of %d steps\n",
                testing::UnitTest::GetInstance()->current_test_info()->name(),
                kills_, cuts_, calls_, steps_);
  }

  // Crashes `step` at every moment, then does it undisturbed.
  void Run(const Step& step) {
    if (HasFailure()) return;
    ++steps_;
    SCOPED_TRACE(step.name);
    before_ = fs::exists(base_) ? LedgerOf(base_) : "";
    const std::string after = Scratch("after");
    Copy(base_, after);
    CountingFileSystem counting;
    ASSERT_TRUE(step.decide(counting, after).ok())
        << step.decide(RealFileSystem(), after);
    after_ = LedgerOf(after);
    expected_ = ReadTree(after);
    const absl::StatusOr<RegistryReport> report = VerifyRegistry(after, {});
    ASSERT_TRUE(report.ok()) << report.status();
    ASSERT_EQ(report->faults, std::vector<std::string>());
    if (step.clean) ASSERT_EQ(report->notes, std::vector<std::string>());
    calls_ += counting.calls();
    Crash(step, counting.points(), [&](const std::string& what, bool done) {
      // What was reported done must not be lost.
      if (done) EXPECT_EQ(LedgerOf(work_), after_) << what;
      Check(step, what);
    });
    fs::remove_all(base_);
    fs::rename(after, base_);
  }

  // Looks at what a crash left of a step: what it was, and whether the step had
  // ended before.
  using Look = std::function<void(const std::string& what, bool done)>;

  // Crashes `step`, done to a copy of the registry, at each moment of both
  // series.
  void Crash(const Step& step, const std::vector<KillPoint>& points,
             const Look& look) {
    Kill(step, points, look);
    CutPower(step, look);
  }

  void Kill(const Step& step, const std::vector<KillPoint>& points,
            const Look& look) {
    for (const KillPoint& point : points) {
      if (moment_++ % stride_ != 0) continue;
      Copy(base_, work_);
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        KillingFileSystem files(point);
        step.decide(files, work_).IgnoreError();
        _exit(0);
      }
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
      ++kills_;
      look(absl::StrCat("killed at call ", point.call, ", moment ",
                        static_cast<int>(point.when)),
           /*done=*/false);
      if (HasFailure()) return;
    }
  }

  void CutPower(const Step& step, const Look& look) {
    Copy(base_, work_);
    RecordingFileSystem recording(work_);
    SimulatedDisk disk(fs::exists(base_) ? base_ : EmptyFolder());
    ASSERT_TRUE(step.decide(recording, work_).ok());
    const std::vector<DiskCall>& calls = recording.calls();
    for (size_t i = 0; i <= calls.size(); ++i) {
      for (uint64_t k = 0; k < 2; ++k) {
        const uint64_t variant = (2 * (i + round_) + k) % 8;
        const auto loss = static_cast<Loss>(std::min<uint64_t>(variant, 3));
        if (moment_++ % stride_ != 0) continue;
        fs::remove_all(work_);
        disk.PowerOff(loss, i * 8 + variant, work_);
        ++cuts_;
        look(absl::StrCat("power cut before call ", i, ", variant ", variant),
             /*done=*/i == calls.size());
        if (HasFailure()) return;
      }
      if (i < calls.size()) disk.Do(calls[i]);
    }
  }

  // What must hold of the registry at `work_`, whatever happened to it.
  void Check(const Step& step, const std::string& what) {
    const std::string ledger = LedgerOf(work_);
    EXPECT_TRUE(ledger == before_ || ledger == after_) << what;
    if (!ledger.empty()) {
      RegistryCheckOptions blobs_only;
      blobs_only.packets = false;
      const absl::StatusOr<RegistryReport> report =
          VerifyRegistry(work_, blobs_only);
      ASSERT_TRUE(report.ok()) << what << ": " << report.status();
      EXPECT_EQ(report->faults, std::vector<std::string>()) << what;
    }
    // The next writer ends or repeats what was cut off.
    const absl::Status again =
        ledger == before_
            ? step.decide(RealFileSystem(), work_)
            : RegistryWriter::Open(RealFileSystem(), work_).status();
    EXPECT_TRUE(again.ok()) << what << ": " << again;
    EXPECT_EQ(ReadTree(work_), expected_) << what;
  }

  static void Copy(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    if (fs::exists(from)) {
      CopyTree(from, to);
    } else {
      // An init of a folder that is there: the folder is not of its disk.
      fs::create_directory(to);
    }
  }

  static std::string EmptyFolder() {
    const std::string path = Scratch("empty");
    fs::create_directories(path);
    return path;
  }

  Step Init() {
    return {"init", [](FileSystem& files, const std::string& directory) {
              return MakeSampleRegistry(files, directory);
            }};
  }

  Step Add(const std::string& name) {
    return {absl::StrCat("add ", name),
            [path = family_->Path(name)](FileSystem& files,
                                         const std::string& directory) {
              return SampleAdd(files, directory, path);
            }};
  }

  // Approvals are signed once: some signatures differ each time.
  Step Promote(const std::string& name, const std::string& state,
               const std::string& alias = "") {
    const PromoteRequest request =
        SamplePromotion(base_, family_->Packet(name), state, alias);
    return {absl::StrCat("promote ", name, " to ", state),
            [request](FileSystem& files, const std::string& directory) {
              return SampleDecide(files, directory, request);
            }};
  }

  // Makes a packet and adds it to the registry, which it makes first.
  void AddUndisturbed(const std::string& name, const std::string& operation,
                      const std::vector<std::string>& parents = {}) {
    if (!fs::exists(base_)) {
      ASSERT_TRUE(MakeSampleRegistry(RealFileSystem(), base_).ok());
    }
    const std::string path = family_->Make(name, operation, parents);
    ASSERT_TRUE(SampleAdd(RealFileSystem(), base_, path).ok());
  }

  void RaiseUndisturbed(const std::string& name, const std::string& state,
                        const std::string& alias = "") {
    ASSERT_TRUE(SampleRaise(RealFileSystem(), base_, family_->Packet(name),
                            state, alias)
                    .ok());
  }

  Step Rollback(const std::string& alias, const std::string& name) {
    return {"rollback", [alias, packet = family_->Packet(name)](
                            FileSystem& files, const std::string& directory) {
              return SampleRollback(files, directory, alias, packet);
            }};
  }

  Step Retire(const std::string& target) {
    return {"retire",
            [target](FileSystem& files, const std::string& directory) {
              return SampleRetire(files, directory, target);
            }};
  }

  Step Revoke(const std::string& digest) {
    return {"revoke",
            [digest](FileSystem& files, const std::string& directory) {
              return SampleRevoke(files, directory, digest);
            }};
  }

  Step NewPolicy() {
    return {"policy", [](FileSystem& files, const std::string& directory) {
              absl::StatusOr<RegistryWriter> writer =
                  RegistryWriter::Open(files, directory);
              if (!writer.ok()) return writer.status();
              return ChangePolicy(*writer, SamplePolicy("2"), {},
                                  {kSampleTime, ""})
                  .status();
            }};
  }

  Step Index() {
    return {"reindex", [](FileSystem& files, const std::string& directory) {
              absl::StatusOr<RegistryWriter> writer = RegistryWriter::Open(
                  files, directory, RegistryWriter::Derived::kRebuild);
              if (!writer.ok()) return writer.status();
              return Reindex(*writer);
            }};
  }

  // A checkpoint is written beside the ledger here, to be on the same disk.
  Step Checkpoint() {
    KeySigner signer(SampleKey(kEd25519PrivatePem));
    const std::string text = *SignStatement(
        WriteCheckpoint(*ReadLedger(base_), kSampleTime), signer);
    return {"checkpoint",
            [text](FileSystem& files, const std::string& directory) {
              return WriteAlone(files, absl::StrCat(directory, "/checkpoint"),
                                text);
            }};
  }

  // The name of a model of this round.
  std::string Named(const std::string& name) const {
    return absl::StrCat(name, "-", round_);
  }

  const int stride_ = Setting("PEDIGREE_CRASH_STRIDE", 29);
  const int rounds_ = Setting("PEDIGREE_CRASH_ROUNDS", 1);
  int round_ = 0;
  int moment_ = 0;
  int kills_ = 0;
  int cuts_ = 0;
  int calls_ = 0;
  int steps_ = 0;
  std::string base_;
  std::string work_;
  std::unique_ptr<SampleFamily> family_;
  std::string before_;
  std::string after_;
  Tree expected_;
};

TEST_F(CrashTest, LeavesAnInitWholeOrNotThere) {
  for (int round = 0; round < rounds_; ++round) {
    StartRound(round);
    Run(Init());
  }
}

TEST_F(CrashTest, LeavesEveryAddWholeOrNotThere) {
  for (int round = 0; round < rounds_; ++round) {
    StartRound(round);
    const std::string base = Named("base");
    const std::string tuned = Named("tuned");
    family_->Make(base, "import");
    family_->Make(tuned, "fuse", {base});
    family_->Make(Named("adapted"), "adapter", {base}, {"polite"});
    family_->Make(Named("merged"), "merge", {base, tuned});
    ASSERT_TRUE(MakeSampleRegistry(RealFileSystem(), base_).ok());
    for (const char* name : {"base", "tuned", "adapted", "merged"}) {
      Run(Add(Named(name)));
    }
  }
}

TEST_F(CrashTest, LeavesEveryPromotionWholeOrNotThere) {
  for (int round = 0; round < rounds_; ++round) {
    StartRound(round);
    const std::string base = Named("base");
    const std::string tuned = Named("tuned");
    AddUndisturbed(base, "import");
    AddUndisturbed(tuned, "fuse", {base});
    for (const std::string& name : {base, tuned}) {
      for (const char* state : {"candidate", "shadow", "canary"}) {
        Run(Promote(name, state));
      }
      Run(Promote(name, "champion", "chat"));
    }
    Run(Promote(tuned, "champion", "chat-2"));
  }
}

TEST_F(CrashTest, LeavesEveryWayBackWholeOrNotThere) {
  for (int round = 0; round < rounds_; ++round) {
    StartRound(round);
    const std::string base = Named("base");
    const std::string one = Named("one");
    AddUndisturbed(base, "import");
    AddUndisturbed(one, "fuse", {base});
    AddUndisturbed(Named("two"), "fuse", {one});
    AddUndisturbed(Named("other"), "import");
    RaiseUndisturbed(base, "champion", "chat");
    RaiseUndisturbed(one, "champion", "chat");
    RaiseUndisturbed(Named("two"), "specialist", "code");
    RaiseUndisturbed(Named("other"), "champion", "code");
    Run(NewPolicy());
    Run(Rollback("chat", base));
    Run(Rollback("chat", one));
    Run(Revoke(family_->Packet(one)));
    Run(Retire("code"));
    Run(Revoke(family_->Model(base)));
    Run(Index());
    Run(Index());
  }
}

TEST_F(CrashTest, LeavesACheckpointWholeOrNotThere) {
  ASSERT_TRUE(MakeSampleRegistry(RealFileSystem(), base_).ok());
  const Step checkpoint = Checkpoint();
  const std::string after = Scratch("after");
  Copy(base_, after);
  CountingFileSystem counting;
  ASSERT_TRUE(checkpoint.decide(counting, after).ok());
  ++steps_;
  calls_ += counting.calls();
  const Tree expected = ReadTree(after);
  Crash(checkpoint, counting.points(), [&](const std::string& what, bool done) {
    const Tree left = ReadTree(work_);
    const auto file = left.find("checkpoint");
    if (done) EXPECT_NE(file, left.end()) << what;
    if (file != left.end()) {
      EXPECT_EQ(file->second, expected.at("checkpoint")) << what;
    }
    ASSERT_TRUE(checkpoint.decide(RealFileSystem(), work_).ok()) << what;
    EXPECT_EQ(ReadTree(work_), expected) << what;
  });
}

// So many that they are synced at once.
TEST_F(CrashTest, LeavesARevocationOfManyWholeOrNotThere) {
  AddUndisturbed("base", "import");
  for (int i = 0; i < 16; ++i) {
    AddUndisturbed(absl::StrCat("tuned-", i), "fuse", {"base"});
  }
  Run(Revoke(family_->Model("base")));
  Run(Index());
}

// A second crash while the first one is cleared up.
TEST_F(CrashTest, LeavesARecoveryWholeOrNotThere) {
  AddUndisturbed("base", "import");
  RaiseUndisturbed("base", "canary");
  const Step promote = Promote("base", "champion", "chat");
  const Step open = {"recover",
                     [](FileSystem& files, const std::string& directory) {
                       return RegistryWriter::Open(files, directory).status();
                     },
                     /*clean=*/false};
  const std::string clean = Scratch("clean");
  fs::remove_all(clean);
  fs::rename(base_, clean);
  CountingFileSystem counting;
  Copy(clean, work_);
  ASSERT_TRUE(promote.decide(counting, work_).ok());
  for (const KillPoint& point : counting.points()) {
    Copy(clean, base_);
    const pid_t child = fork();
    if (child == 0) {
      KillingFileSystem files(point);
      promote.decide(files, base_).IgnoreError();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    Run(open);
    fs::remove_all(base_);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace pedigree
