// Little-endian access to untrusted bytes, and offset arithmetic that cannot
// wrap. Every format of this project is little-endian.

#ifndef PEDIGREE_RUNTIME_BASE_BYTES_H_
#define PEDIGREE_RUNTIME_BASE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace pedigree {

using ByteSpan = absl::Span<const uint8_t>;

inline ByteSpan AsBytes(std::string_view text) {
  return ByteSpan(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

inline std::string_view AsText(ByteSpan bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()),
                          bytes.size());
}

// Reads a T at `bytes`, which needs no alignment. T is an integer or a float;
// the targets are all little-endian.
template <typename T>
T LoadLittleEndian(const uint8_t* bytes) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <typename T>
void AppendLittleEndian(T value, std::string& out) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
void StoreLittleEndian(T value, uint8_t* out) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  std::memcpy(out, &value, sizeof(T));
}

// The sum or product, or nothing when it does not fit in 64 bits.
inline std::optional<uint64_t> CheckedAdd(uint64_t a, uint64_t b) {
  uint64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

inline std::optional<uint64_t> CheckedMul(uint64_t a, uint64_t b) {
  uint64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// Whether [offset, offset + length) lies in [0, size).
inline bool RangeInside(uint64_t offset, uint64_t length, uint64_t size) {
  return length <= size && offset <= size - length;
}

// The next multiple of `alignment`, a power of two. `value` must be at most
// 2^64 - alignment.
constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// Appends zero bytes until the size is a multiple of `alignment`.
inline void PadTo(uint64_t alignment, std::string& out) {
  out.resize(AlignUp(out.size(), alignment), '\0');
}

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BASE_BYTES_H_
