// The tar headers of packed packets: of all the ways to say that a regular file
// has a name and a size, one. Specification: docs/formats/packet.md, "Packed
// form".

#ifndef PEDIGREE_RELEASE_ARCHIVE_TAR_HEADER_H_
#define PEDIGREE_RELEASE_ARCHIVE_TAR_HEADER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pedigree {

inline constexpr uint64_t kTarBlockBytes = 512;

// The largest size that a plain header holds: 11 octal digits, 8 GiB less one
// byte. A larger one is said in a pax extended header before it.
inline constexpr uint64_t kMaxPlainTarSize = (uint64_t{1} << 33) - 1;

// A file of an archive.
struct TarEntry {
  std::string name;
  uint64_t size = 0;
};

// The header blocks of a regular file, mode 0644, owned by 0, of time 0. `name`
// has at most 100 bytes.
std::string WriteTarHeader(const TarEntry& entry);

// How many zero bytes follow the contents of a file of `size` bytes.
uint64_t TarPaddingBytes(uint64_t size);

// What ends an archive: two blocks of zero bytes.
std::string WriteTarEnd();

// How many bytes of headers a file of `size` bytes has.
uint64_t TarHeaderBytes(uint64_t size);

// Whether `block`, of kTarBlockBytes, opens a pax extended header, so that the
// whole header is kTarHeaderBytes of a large size.
bool IsPaxHeader(std::string_view block);

// Reads whole headers, exactly as WriteTarHeader writes them.
//
// Errors: kInvalidArgument for anything else; the message says what stands
// there.
absl::StatusOr<TarEntry> ParseTarHeader(std::string_view blocks);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_ARCHIVE_TAR_HEADER_H_
