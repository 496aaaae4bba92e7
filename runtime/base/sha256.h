// SHA-256, the only digest that identity and trust rest on.

#ifndef PEDIGREE_RUNTIME_BASE_SHA256_H_
#define PEDIGREE_RUNTIME_BASE_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"

namespace pedigree {

// A SHA-256 value. Written as text it is "sha256:" and 64 lowercase hex digits.
struct Digest {
  std::array<uint8_t, 32> bytes = {};

  friend bool operator==(const Digest& a, const Digest& b) {
    return a.bytes == b.bytes;
  }
  friend bool operator!=(const Digest& a, const Digest& b) { return !(a == b); }
  friend bool operator<(const Digest& a, const Digest& b) {
    return a.bytes < b.bytes;
  }

  // The 64 lowercase hex digits.
  std::string Hex() const;
  // "sha256:" + Hex().
  std::string ToString() const;
};

// The digest of `bytes`.
Digest Sha256(ByteSpan bytes);
Digest Sha256(std::string_view text);

// Reads "sha256:<64 lowercase hex>".
//
// Errors: kInvalidArgument for anything else.
absl::StatusOr<Digest> ParseDigest(std::string_view text);

// Hashes a stream piece by piece.
class Sha256Stream {
 public:
  Sha256Stream();
  void Update(ByteSpan bytes);
  // The digest of all bytes so far; the stream must not be used afterwards.
  Digest Finish();

 private:
  alignas(8) std::array<unsigned char, 128> state_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_SHA256_H_
