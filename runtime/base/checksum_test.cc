#include "runtime/base/checksum.h"

#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

// Values from the xxHash reference (XXH3_64bits, seed 0).
TEST(ChecksumTest, EqualsPublishedXxh3Vectors) {
  EXPECT_EQ(Checksum(AsBytes("")), 0x2d06800538d394c2u);
  EXPECT_EQ(Checksum(AsBytes("abc")), 0x78af5f94892f3950u);
}

TEST(ChecksumTest, AStreamEqualsItsPiecesTogether) {
  const std::string text(5000, 'x');
  ChecksumStream stream;
  for (size_t begin = 0; begin < text.size(); begin += 777) {
    stream.Update(AsBytes(std::string_view(text).substr(begin, 777)));
  }
  EXPECT_EQ(stream.Finish(), Checksum(AsBytes(text)));
  EXPECT_EQ(ChecksumStream().Finish(), Checksum(AsBytes("")));
}

TEST(ChecksumTest, FileChecksumTakesTheFieldAsZero) {
  std::string zeroed(300, 'x');
  zeroed.replace(100, 8, 8, '\0');
  std::string filled = zeroed;
  filled.replace(100, 8, "checksum");
  EXPECT_EQ(FileChecksum(AsBytes(filled), 100), Checksum(AsBytes(zeroed)));
}

TEST(ChecksumTest, FileChecksumSeesBytesOnBothSidesOfTheField) {
  const std::string file(300, 'x');
  for (size_t position : {size_t{0}, size_t{99}, size_t{108}, size_t{299}}) {
    std::string changed = file;
    changed[position] = 'y';
    EXPECT_NE(FileChecksum(AsBytes(changed), 100),
              FileChecksum(AsBytes(file), 100))
        << position;
  }
}

TEST(ChecksumTest, PiecesGiveTheSameWhereverTheyAreCut) {
  std::string file(120, '\x11');
  for (size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * 7);
  const uint64_t whole = FileChecksum(AsBytes(file), 100);
  for (size_t cut = 0; cut <= file.size(); ++cut) {
    FileChecksumStream stream(100);
    stream.Update(AsBytes(file).subspan(0, cut));
    stream.Update(AsBytes(file).subspan(cut));
    EXPECT_EQ(stream.Finish(), whole) << cut;
  }
  FileChecksumStream bytes(100);
  for (size_t i = 0; i < file.size(); ++i) {
    bytes.Update(AsBytes(file).subspan(i, 1));
  }
  EXPECT_EQ(bytes.Finish(), whole);
}

}  // namespace
}  // namespace pedigree
