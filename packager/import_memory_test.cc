// An import takes little memory whatever the model's size.

#include <cstdint>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "packager/file_digest.h"
#include "packager/operators.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// The most memory that this process ever had, page cache of mapped files
// included.
uint64_t PeakBytes() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

// A llama2.c checkpoint of zeros, 5 layers of width 1024, as a file with holes.
// Returns its size.
uint64_t WriteCheckpoint(const std::string& path) {
  constexpr uint64_t kDim = 1024;
  constexpr uint64_t kFfn = 4096;
  constexpr uint64_t kLayers = 5;
  constexpr uint64_t kVocab = 260;
  constexpr uint64_t kContext = 16;
  constexpr uint64_t kHeads = 16;
  std::string header;
  for (const uint64_t field :
       {kDim, kFfn, kLayers, kHeads, kHeads, kVocab, kContext}) {
    AppendLittleEndian(static_cast<uint32_t>(field), header);
  }
  const uint64_t floats = kVocab * kDim +
                          kLayers * (2 * kDim + 4 * kDim * kDim +
                                     3 * kDim * kFfn) +
                          kDim + kContext * kDim / kHeads;
  const uint64_t size = header.size() + floats * sizeof(float);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  EXPECT_EQ(write(fd, header.data(), header.size()),
            static_cast<ssize_t>(header.size()));
  EXPECT_EQ(ftruncate(fd, static_cast<off_t>(size)), 0);
  close(fd);
  return size;
}

TEST(ImportMemoryTest, StaysBelowItsBound) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "a sanitizer's own memory is larger than the bound";
#endif
#endif
  const std::string path = testing::TempDir() + "/zeros.bin";
  const std::string out = testing::TempDir() + "/zeros.slm";
  const uint64_t size = WriteCheckpoint(path);
  const uint64_t largest = uint64_t{4096} * 1024 * sizeof(float);
  const uint64_t bound = largest + largest / 5 + 64 * kMiB;
  ASSERT_GT(size, 3 * bound);

  const auto checkpoint = MappedFile::Open(path);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::string tokenizer = WriteBtok();
  const OperatorInput inputs[] = {
      {"checkpoint", path, checkpoint->bytes(), DigestOf(*checkpoint),
       &*checkpoint},
      MakeOperatorInput("tokenizer", "btok", AsBytes(tokenizer))};
  packager::OperatorConfig config;
  config.set_format("llama2c");
  config.set_dtype("q8_0");
  config.set_q8_0_group("row");
  auto file = StagedFile::Create(out);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto output = RunToFile("import", config, inputs, &*file, nullptr);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_GT(output->file_bytes, size / 5);
  EXPECT_LT(PeakBytes(), bound);
  unlink(path.c_str());
}

}  // namespace
}  // namespace pedigree
