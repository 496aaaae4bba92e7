// Frames as they are written and read back, and what readers refuse.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/archive/frame_reader.h"
#include "release/archive/frame_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

std::string TemporaryPath() {
  std::string folder = absl::StrCat(testing::TempDir(), "/frame.XXXXXX");
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder + "/frame.zst";
}

// Text that compresses, but not to nothing: more than the pieces that zstd cuts
// its input into at low levels.
std::string SomeText(size_t bytes) {
  std::string text;
  uint32_t state = 1;
  while (text.size() < bytes) {
    state = state * 1664525 + 1013904223;
    absl::StrAppend(&text, state >> 20, " ");
  }
  text.resize(bytes);
  return text;
}

std::string Compressed(std::string_view contents,
                       const CompressionOptions& options, int threads,
                       size_t piece_bytes = 100000) {
  const std::string path = TemporaryPath();
  auto writer =
      FrameWriter::Create(path, options, contents.size(), threads);
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (size_t at = 0; at < contents.size(); at += piece_bytes) {
    EXPECT_TRUE(writer->Write(AsBytes(contents.substr(at, piece_bytes))).ok());
  }
  const auto size = writer->Finish();
  EXPECT_TRUE(size.ok()) << size.status();
  const auto frame = ReadFile(path);
  EXPECT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(frame->size(), *size);
  return *frame;
}

// Gives at most `piece_bytes` at a time.
ReadBytes FromText(std::string text, size_t piece_bytes = 1 << 20) {
  size_t at = 0;
  return [=](absl::Span<uint8_t> buffer) mutable -> absl::StatusOr<size_t> {
    const size_t count =
        std::min({buffer.size(), piece_bytes, text.size() - at});
    std::copy_n(text.data() + at, count, buffer.data());
    at += count;
    return count;
  };
}

absl::StatusOr<std::string> Decompressed(ReadBytes input, size_t bytes,
                                         const FrameLimits& limits = {}) {
  FrameReader reader(std::move(input), limits);
  std::string contents(bytes, '\0');
  const auto count = reader.Read(absl::MakeSpan(
      reinterpret_cast<uint8_t*>(contents.data()), contents.size()));
  if (!count.ok()) return count.status();
  contents.resize(*count);
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  return contents;
}

TEST(FrameTest, ReadsWhatItWrites) {
  for (const size_t bytes : {0u, 1u, 1000u, 3000000u}) {
    const std::string text = SomeText(bytes);
    const std::string frame = Compressed(text, {}, 2);
    for (const size_t piece : {7u, 1u << 20}) {
      if (piece == 7 && bytes > 100000) continue;
      const auto read = Decompressed(FromText(frame, piece), bytes);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, text);
    }
  }
}

TEST(FrameTest, BytesDependNeitherOnThreadsNorOnPieces) {
  // Several of zstd's jobs at each level: 8 MiB each at level 3.
  const std::string text = SomeText(20 << 20);
  for (const CompressionOptions& options :
       {CompressionOptions{1, 0}, CompressionOptions{3, 0},
        CompressionOptions{3, 20}}) {
    const std::string one = Compressed(text, options, 1);
    EXPECT_EQ(Compressed(text, options, 2, 1 << 20), one);
    EXPECT_EQ(Compressed(text, options, 3, 12345), one);
    EXPECT_EQ(Compressed(text, options, 8, text.size()), one);
  }
}

TEST(FrameTest, MatchesOverLongDistances) {
  std::string text = SomeText(6 << 20);
  text += text;
  EXPECT_LT(Compressed(text, {3, 24}, 2).size(),
            Compressed(text, {3, 0}, 2).size() * 6 / 10);
}

TEST(FrameTest, RefusesOptionsOutOfTheirRange) {
  for (const CompressionOptions& options :
       {CompressionOptions{0, 0}, CompressionOptions{23, 0},
        CompressionOptions{3, 9}, CompressionOptions{3, 28}}) {
    EXPECT_EQ(FrameWriter::Create(TemporaryPath(), options, 1, 1)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(FrameWriter::Create(TemporaryPath(), {}, 1, 0).status().message(),
            "Invalid number of threads: 0 (expected 1..256)");
}

TEST(FrameTest, LeavesNothingWithoutFinish) {
  const std::string path = TemporaryPath();
  {
    auto writer = FrameWriter::Create(path, {}, 3, 1);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->Write(AsBytes("abc")).ok());
  }
  EXPECT_FALSE(ReadFile(path).ok());
}

TEST(FrameTest, RefusesAFrameCutAnywhere) {
  const std::string text = SomeText(5000);
  const std::string frame = Compressed(text, {}, 1);
  for (size_t bytes = 0; bytes < frame.size(); ++bytes) {
    const auto read = Decompressed(FromText(frame.substr(0, bytes)), 5000);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << bytes;
    EXPECT_TRUE(absl::StrContains(read.status().message(), "it ends early"))
        << read.status();
  }
}

TEST(FrameTest, RefusesAFlippedBit) {
  const std::string text = SomeText(5000);
  const std::string frame = Compressed(text, {}, 1);
  for (size_t i = 0; i < frame.size(); i += 7) {
    std::string bad = frame;
    bad[i] ^= 4;
    const auto read = Decompressed(FromText(bad), 5000);
    EXPECT_FALSE(read.ok()) << i;
  }
}

TEST(FrameTest, RefusesWhatFollowsTheFrame) {
  const std::string frame = Compressed("abc", {}, 1);
  EXPECT_TRUE(absl::StrContains(
      Decompressed(FromText(frame + "x"), 3).status().message(),
      "bytes after the zstd frame"));
  EXPECT_TRUE(absl::StrContains(
      Decompressed(FromText(frame + frame), 3).status().message(),
      "bytes after the zstd frame"));
  EXPECT_TRUE(absl::StrContains(
      Decompressed(FromText(frame), 2).status().message(),
      "contents after the end"));
}

TEST(FrameTest, RefusesWhatIsNoFrame) {
  EXPECT_EQ(Decompressed(FromText("plain text"), 5).status().message(),
            "Invalid packed packet: no zstd frame");
}

TEST(FrameTest, RefusesALargeWindow) {
  const std::string frame =
      Compressed(std::string(2 << 20, 'a'), {3, 21}, 1);
  FrameLimits limits;
  limits.window_log = 20;
  // Contents that fit into the caller's buffer need no window.
  const auto read = Decompressed(FromText(frame), 1000, limits);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(read.status().message(),
            "Invalid packed packet: its window is larger than 1048576 bytes");
}

TEST(FrameTest, RefusesLongContents) {
  const std::string frame =
      Compressed(std::string(1 << 20, 'a'), {}, 1);
  FrameLimits limits;
  limits.max_bytes = 1000;
  const auto read = Decompressed(FromText(frame), 1 << 20, limits);
  EXPECT_EQ(read.status().message(),
            "Invalid packed packet: its contents are longer than 1000 bytes");
}

TEST(FrameTest, PassesOnTheErrorsOfItsInput) {
  const auto read = Decompressed(
      [](absl::Span<uint8_t>) { return absl::UnavailableError("gone"); }, 1);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kUnavailable);
}

TEST(FrameTest, BoundsContentsByTheFile) {
  EXPECT_EQ(MaxContentBytes(0, 1024), uint64_t{64} << 20);
  EXPECT_EQ(MaxContentBytes(1 << 20, 1024), uint64_t{1} << 30);
  EXPECT_EQ(MaxContentBytes(UINT64_MAX, 1024), UINT64_MAX);
}

}  // namespace
}  // namespace pedigree
