#include "runtime/base/sha256.h"
#include "runtime/base/concat.h"

#include <new>

#include "absl/status/status.h"
// The streaming form exists both in libcrypto and in the portable sources that
// the WebAssembly build compiles; the EVP form does not.
#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif
#include "openssl/sha.h"

namespace pedigree {
namespace {

constexpr std::string_view kPrefix = "sha256:";
constexpr char kHexDigits[] = "0123456789abcdef";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string Digest::Hex() const {
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (uint8_t byte : bytes) {
    hex.push_back(kHexDigits[byte >> 4]);
    hex.push_back(kHexDigits[byte & 15]);
  }
  return hex;
}

std::string Digest::ToString() const { return Concat(kPrefix, Hex()); }

Digest Sha256(ByteSpan bytes) {
  Sha256Stream stream;
  stream.Update(bytes);
  return stream.Finish();
}

Digest Sha256(std::string_view text) { return Sha256(AsBytes(text)); }

absl::StatusOr<Digest> ParseDigest(std::string_view text) {
  Digest digest;
  const bool shaped = text.size() == kPrefix.size() + 64 &&
                      text.substr(0, kPrefix.size()) == kPrefix;
  for (size_t i = 0; shaped && i < digest.bytes.size(); ++i) {
    const int high = HexValue(text[kPrefix.size() + 2 * i]);
    const int low = HexValue(text[kPrefix.size() + 2 * i + 1]);
    if (high < 0 || low < 0) break;
    digest.bytes[i] = static_cast<uint8_t>(high * 16 + low);
    if (i + 1 == digest.bytes.size()) return digest;
  }
  return absl::InvalidArgumentError(
      Concat("Invalid digest: \"", text.substr(0, 80),
             "\" (expected sha256: and 64 lowercase hex digits)"));
}

Sha256Stream::Sha256Stream() {
  static_assert(sizeof(SHA256_CTX) <= sizeof(state_));
  SHA256_Init(new (state_.data()) SHA256_CTX);
}

void Sha256Stream::Update(ByteSpan bytes) {
  SHA256_Update(reinterpret_cast<SHA256_CTX*>(state_.data()), bytes.data(),
                bytes.size());
}

Digest Sha256Stream::Finish() {
  Digest digest;
  SHA256_Final(digest.bytes.data(),
               reinterpret_cast<SHA256_CTX*>(state_.data()));
  return digest;
}

}  // namespace pedigree
