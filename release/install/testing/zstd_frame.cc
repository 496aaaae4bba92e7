// Stands in for zstd in tests, on machines without one: `zstd_frame` writes the
// contents of the frame on stdin to stdout, `zstd_frame FILE` those of stdin as a
// frame to FILE.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "release/archive/frame_reader.h"
#include "release/archive/frame_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::StatusOr<size_t> ReadStdin(absl::Span<uint8_t> buffer) {
  const size_t size = std::fread(buffer.data(), 1, buffer.size(), stdin);
  if (std::ferror(stdin)) return absl::DataLossError("Cannot read stdin");
  return size;
}

absl::Status Decompress() {
  FrameReader reader(ReadStdin, FrameLimits());
  std::string buffer(1 << 16, '\0');
  while (true) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const size_t size,
        reader.Read(absl::MakeSpan(reinterpret_cast<uint8_t*>(buffer.data()),
                                   buffer.size())));
    if (size == 0) return reader.Finish();
    if (std::fwrite(buffer.data(), 1, size, stdout) != size) {
      return absl::UnknownError("Cannot write stdout");
    }
  }
}

absl::Status Compress(const std::string& path) {
  const std::string contents{std::istreambuf_iterator<char>(std::cin), {}};
  PEDIGREE_ASSIGN_OR_RETURN(
      FrameWriter writer,
      FrameWriter::Create(path, CompressionOptions(), contents.size(),
                          /*threads=*/1));
  PEDIGREE_RETURN_IF_ERROR(writer.Write(AsBytes(contents)));
  return writer.Finish().status();
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  const absl::Status status =
      argc == 1 ? pedigree::Decompress() : pedigree::Compress(argv[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}
