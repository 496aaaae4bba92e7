#include "release/archive/tar_header.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

constexpr uint64_t kSizes[] = {0, 1, 511, 512, kMaxPlainTarSize};
constexpr uint64_t kLargeSizes[] = {kMaxPlainTarSize + 1, uint64_t{1} << 40,
                                    9'999'999'999'999'999'999u / 10};

TEST(TarHeaderTest, ReadsWhatItWrites) {
  for (const uint64_t size : kSizes) {
    const std::string header = WriteTarHeader({"blobs/sha256/ab", size});
    EXPECT_EQ(header.size(), kTarBlockBytes);
    EXPECT_EQ(header.size(), TarHeaderBytes(size));
    EXPECT_FALSE(IsPaxHeader(header));
    const auto entry = ParseTarHeader(header);
    ASSERT_TRUE(entry.ok()) << entry.status();
    EXPECT_EQ(entry->name, "blobs/sha256/ab");
    EXPECT_EQ(entry->size, size);
  }
}

TEST(TarHeaderTest, SaysLargeSizesInAPaxHeader) {
  for (const uint64_t size : kLargeSizes) {
    const std::string header = WriteTarHeader({"model", size});
    EXPECT_EQ(header.size(), 3 * kTarBlockBytes);
    EXPECT_EQ(header.size(), TarHeaderBytes(size));
    EXPECT_TRUE(IsPaxHeader(header.substr(0, kTarBlockBytes)));
    const auto entry = ParseTarHeader(header);
    ASSERT_TRUE(entry.ok()) << entry.status();
    EXPECT_EQ(entry->name, "model");
    EXPECT_EQ(entry->size, size);
  }
}

// Field by field what POSIX.1-2001 says, for 1234 bytes (octal 2322).
TEST(TarHeaderTest, IsUstar) {
  const std::string header = WriteTarHeader({"a/b", 1234});
  EXPECT_EQ(header.substr(0, 4), std::string("a/b\0", 4));
  EXPECT_EQ(header.substr(100, 8), std::string("0000644\0", 8));
  EXPECT_EQ(header.substr(108, 16), std::string("0000000\0" "0000000\0", 16));
  EXPECT_EQ(header.substr(124, 12), std::string("00000002322\0", 12));
  EXPECT_EQ(header.substr(136, 12), std::string("00000000000\0", 12));
  EXPECT_EQ(header[154], '\0');
  EXPECT_EQ(header[155], ' ');
  EXPECT_EQ(header[156], '0');
  EXPECT_EQ(header.substr(257, 8), std::string("ustar\0" "00", 8));
  EXPECT_EQ(header.substr(329, 16), std::string("0000000\0" "0000000\0", 16));
}

TEST(TarHeaderTest, PadsToABlock) {
  EXPECT_EQ(TarPaddingBytes(0), 0u);
  EXPECT_EQ(TarPaddingBytes(1), 511u);
  EXPECT_EQ(TarPaddingBytes(512), 0u);
  EXPECT_EQ(WriteTarEnd(), std::string(1024, '\0'));
}

// No byte of a header can be changed without being refused, but digits of a large
// size, which no checksum covers: then it is another size.
TEST(TarHeaderTest, RefusesEveryOtherHeader) {
  for (const uint64_t size : {uint64_t{1234}, kMaxPlainTarSize + 1}) {
    const std::string good = WriteTarHeader({"a", size});
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] ^= 1;
      const auto entry = ParseTarHeader(bad);
      const bool other_size = entry.ok() && size > kMaxPlainTarSize &&
                              entry->size != size;
      EXPECT_TRUE(other_size || absl::IsInvalidArgument(entry.status()))
          << size << " byte " << i;
    }
  }
}

TEST(TarHeaderTest, NamesTheFieldThatDiffers) {
  std::string header = WriteTarHeader({"a\n", 1});
  header[103] = '7';
  EXPECT_EQ(ParseTarHeader(header).status().message(),
            "Invalid tar header of \"a?\": its mode is not what pack writes");
  header = WriteTarHeader({"a", 1});
  header[124] = '\x80';
  EXPECT_TRUE(absl::StrContains(ParseTarHeader(header).status().message(),
                                "its size"));
}

TEST(TarHeaderTest, RefusesASmallSizeInAPaxHeader) {
  std::string header = WriteTarHeader({"a", kMaxPlainTarSize + 1});
  header.replace(512, 19, "19 size=8589934591\n");
  EXPECT_FALSE(ParseTarHeader(header).ok());
}

}  // namespace
}  // namespace pedigree
