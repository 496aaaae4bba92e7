// Runs a fuzz target over its committed corpus as an ordinary test: each file
// of the folders named on the command line, each of its prefixes, and each
// file with one byte changed at a time. Passes unless the target crashes or a
// folder is empty.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Longer files are run as they are: all their prefixes would take minutes.
constexpr size_t kMaxMutatedBytes = 4096;

std::vector<uint8_t> ReadBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(file),
                              std::istreambuf_iterator<char>());
}

void RunMutations(std::vector<uint8_t> bytes) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read past its end.
    const std::vector<uint8_t> prefix(bytes.begin(), bytes.begin() + size);
    LLVMFuzzerTestOneInput(prefix.data(), prefix.size());
  }
  for (uint8_t& byte : bytes) {
    byte ^= 0xff;
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    byte ^= 0xff;
  }
}

size_t RunFolder(const char* folder) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::vector<uint8_t> bytes = ReadBytes(entry.path());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    if (bytes.size() <= kMaxMutatedBytes) RunMutations(bytes);
    ++count;
  }
  std::printf("%s: %zu files\n", folder, count);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  bool empty = argc < 2;
  for (int i = 1; i < argc; ++i) empty |= RunFolder(argv[i]) == 0;
  if (empty) std::fprintf(stderr, "A corpus folder is empty\n");
  return empty ? 1 : 0;
}
