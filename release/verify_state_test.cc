#include "release/verify_state.h"

#include <cstdlib>
#include <string>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/make_packet.h"
#include "release/packet_files.h"
#include "release/testing/packet_editor.h"
#include "release/testing/sample_release.h"
#include "release/verify.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

class VerifyStateTest : public testing::Test {
 protected:
  VerifyStateTest() : folder_(absl::StrCat(testing::TempDir(), "/state.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    packet_ = folder_ + "/packet";
    state_ = folder_ + "/state";
    const auto made = MakePacket(WriteSampleRelease(folder_));
    EXPECT_TRUE(made.ok() && made->refusals.empty());
    EXPECT_TRUE(WritePacket(*made, packet_).ok());
    digest_ = Sha256(made->packet.manifest);
  }

  std::unique_ptr<VerifyState> Open() { return Open(digest_); }

  std::unique_ptr<VerifyState> Open(const Digest& manifest) {
    auto state = VerifyState::Open(state_, manifest);
    EXPECT_TRUE(state.ok()) << state.status();
    return *std::move(state);
  }

  // Verifies and says how many faults there are; `known` blobs are not hashed.
  size_t Verify(uint64_t* known) {
    const auto state = Open();
    const PacketFiles packet = *PacketFiles::OpenLayout(packet_);
    const VerifyReport report =
        VerifyPacket(ResumedPacket(packet, *state), digest_);
    *known = state->known();
    return report.faults.size();
  }

  std::string folder_;
  std::string packet_;
  std::string state_;
  Digest digest_;
};

// Blobs of the sample that are not documents: model, adapter, two runtimes, the
// licence and two notices.
constexpr uint64_t kHashed = 7;

TEST_F(VerifyStateTest, HashesNoBlobTwice) {
  uint64_t known = 0;
  EXPECT_EQ(Verify(&known), 0u);
  EXPECT_EQ(known, 0u);
  EXPECT_EQ(Verify(&known), 0u);
  EXPECT_EQ(known, kHashed);
}

TEST_F(VerifyStateTest, HashesAgainWhatWasTouched) {
  uint64_t known = 0;
  EXPECT_EQ(Verify(&known), 0u);
  PacketEditor editor(packet_);
  editor.FlipBit(editor.PathOf("model.slm"));
  EXPECT_EQ(Verify(&known), 1u);
  EXPECT_EQ(known, kHashed - 1);
}

TEST_F(VerifyStateTest, NotesNothingThatIsWrong) {
  PacketEditor editor(packet_);
  editor.FlipBit(editor.PathOf("model.slm"));
  uint64_t known = 0;
  EXPECT_EQ(Verify(&known), 1u);
  EXPECT_EQ(Verify(&known), 1u);
  EXPECT_EQ(known, kHashed - 1);
}

TEST_F(VerifyStateTest, ForgetsAnotherPacket) {
  const FileIdentity identity = *IdentifyFile(packet_ + "/index.json");
  Open()->Add(Sha256("a"), identity);
  EXPECT_TRUE(Open()->Knows(Sha256("a"), identity));
  EXPECT_FALSE(Open(Sha256("other"))->Knows(Sha256("a"), identity));
}

TEST_F(VerifyStateTest, KnowsNoFileThatDiffersInAnything) {
  const FileIdentity identity = *IdentifyFile(packet_ + "/index.json");
  Open()->Add(Sha256("a"), identity);
  const auto state = Open();
  for (uint64_t FileIdentity::*member :
       {&FileIdentity::device, &FileIdentity::inode, &FileIdentity::size}) {
    FileIdentity other = identity;
    ++(other.*member);
    EXPECT_FALSE(state->Knows(Sha256("a"), other));
  }
  for (int64_t FileIdentity::*member :
       {&FileIdentity::modified_ns, &FileIdentity::changed_ns}) {
    FileIdentity other = identity;
    ++(other.*member);
    EXPECT_FALSE(state->Knows(Sha256("a"), other));
  }
  EXPECT_FALSE(state->Knows(Sha256("b"), identity));
}

TEST_F(VerifyStateTest, SurvivesALineCutAnywhere) {
  const FileIdentity identity = *IdentifyFile(packet_ + "/index.json");
  Open()->Add(Sha256("a"), identity);
  Open()->Add(Sha256("b"), identity);
  const std::string whole = *ReadFile(state_);
  for (size_t bytes = whole.size() / 2 + 1; bytes < whole.size() - 1; ++bytes) {
    ASSERT_TRUE(WriteFileAtomically(state_, whole.substr(0, bytes)).ok());
    Open()->Add(Sha256("c"), identity);
    const auto state = Open();
    EXPECT_TRUE(state->Knows(Sha256("a"), identity));
    EXPECT_FALSE(state->Knows(Sha256("b"), identity)) << bytes;
    EXPECT_TRUE(state->Knows(Sha256("c"), identity));
  }
}

TEST_F(VerifyStateTest, IgnoresWhatIsNoLineOfIts) {
  ASSERT_TRUE(WriteFileAtomically(state_, "hello\n{}\n[]\n7\n").ok());
  uint64_t known = 0;
  EXPECT_EQ(Verify(&known), 0u);
  EXPECT_EQ(known, 0u);
}

// Every blob that was noted before the kill is known after it.
TEST_F(VerifyStateTest, SurvivesAKill) {
  const FileIdentity identity = *IdentifyFile(packet_ + "/index.json");
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto state = Open();
    for (int i = 0; true; ++i) {
      state->Add(Sha256(absl::StrCat(i)), identity);
      if (i == 99 && write(ready[1], "x", 1) != 1) _exit(1);
    }
  }
  char x = 0;
  ASSERT_EQ(read(ready[0], &x, 1), 1);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  const auto state = Open();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(state->Knows(Sha256(absl::StrCat(i)), identity)) << i;
  }
}

TEST_F(VerifyStateTest, NamesAFileThatCannotBeWritten) {
  EXPECT_FALSE(VerifyState::Open(folder_ + "/none/state", digest_).ok());
  EXPECT_EQ(IdentifyFile(folder_ + "/none").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pedigree
