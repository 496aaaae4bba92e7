#include "runtime/base/file_hashes.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/byte_source.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

// Remembers what was released.
class Recorder final : public ByteSource {
 public:
  explicit Recorder(ByteSpan bytes) : bytes_(bytes) {}
  ByteSpan bytes() const override { return bytes_; }
  bool releases() const override { return true; }
  void Release(ByteSpan range) const override {
    EXPECT_EQ(range.data(), bytes_.data() + released_);
    released_ += range.size();
  }
  size_t released() const { return released_; }

 private:
  ByteSpan bytes_;
  mutable size_t released_ = 0;
};

TEST(FileHashesTest, AreThoseOfTheWholeFileAndEachByteIsReleasedOnce) {
  for (const size_t size : {size_t{108}, size_t{256} << 10,
                            (size_t{4} << 20) + 17, size_t{8} << 20}) {
    std::string file(size, '\0');
    for (size_t i = 0; i < size; ++i) file[i] = static_cast<char>(i * i >> 3);
    const FileHashes hashes = HashFile(AsBytes(file), 100);
    EXPECT_EQ(hashes.digest, Sha256(file));
    EXPECT_EQ(hashes.checksum, FileChecksum(AsBytes(file), 100));
    const Recorder source(AsBytes(file));
    const FileHashes again = HashFileAndRelease(source, 100);
    EXPECT_EQ(again.digest, hashes.digest);
    EXPECT_EQ(again.checksum, hashes.checksum);
    EXPECT_EQ(source.released(), size);
  }
}

TEST(FileHashesTest, PiecesMakeTheWholeAndAnswersOnTheWay) {
  const std::string file(1000, 'x');
  FileHashStream stream(100);
  stream.Update(AsBytes(file).first(103));
  EXPECT_EQ(stream.Finish().digest, Sha256(file.substr(0, 103)));
  stream.Update(AsBytes(file).subspan(103));
  EXPECT_EQ(stream.Finish().digest, Sha256(file));
  EXPECT_EQ(stream.Finish().checksum, FileChecksum(AsBytes(file), 100));
}

}  // namespace
}  // namespace pedigree
