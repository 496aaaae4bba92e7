// A module that uses what the runtime's module uses: the C++ library, Abseil's
// errors, SHA-256, 128-bit SIMD, a static constructor and memory that has to grow.

#include <openssl/sha.h>
#include <wasm_simd128.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace {

// Constructed before the first export runs.
const std::string* const greeting = new std::string("hello");

std::string last_result;

absl::StatusOr<float> SumOfHalves(int32_t count) {
  if (count < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid count: ", count, " (must not be negative)"));
  }
  std::vector<float> halves;
  for (int32_t i = 0; i < count; ++i) halves.push_back(0.5f * i);
  halves.resize((halves.size() + 3) / 4 * 4);
  v128_t lanes = wasm_f32x4_const_splat(0);
  for (size_t i = 0; i < halves.size(); i += 4) {
    lanes = wasm_f32x4_add(lanes, wasm_v128_load(&halves[i]));
  }
  return wasm_f32x4_extract_lane(lanes, 0) + wasm_f32x4_extract_lane(lanes, 1) +
         wasm_f32x4_extract_lane(lanes, 2) + wasm_f32x4_extract_lane(lanes, 3);
}

}  // namespace

extern "C" {

// The sum of 0, 0.5, 1, ... of `count` terms, or -1 with the error's message as
// the last result.
float sum_of_halves(int32_t count) {
  absl::StatusOr<float> sum = SumOfHalves(count);
  last_result = sum.ok() ? *greeting : std::string(sum.status().message());
  return sum.ok() ? *sum : -1;
}

// The SHA-256 digest of "abc" in hexadecimal, as the last result.
void hash_abc() {
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, "abc", 3);
  SHA256_Final(digest, &context);
  last_result = absl::BytesToHexString(std::string_view(
      reinterpret_cast<const char*>(digest), sizeof(digest)));
}

const char* last_result_ptr() { return last_result.data(); }

size_t last_result_len() { return last_result.size(); }

// Makes and checks a vector of `bytes`; false when one of them is wrong.
bool fill(uint32_t bytes) {
  const std::vector<uint8_t> filled(bytes, 0x5a);
  for (uint8_t byte : filled) {
    if (byte != 0x5a) return false;
  }
  return true;
}

// Uses `depth` KiB of the stack, and more.
int32_t nest(int32_t depth) {
  volatile uint8_t frame[1024];
  frame[depth % 1024] = 1;
  return depth == 0 ? 0 : nest(depth - 1) + frame[depth % 1024];
}

}  // extern "C"
