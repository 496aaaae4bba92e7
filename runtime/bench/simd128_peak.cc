// How many 8-bit multiply-adds WebAssembly SIMD128 can do at most: its widest
// integer product, i32x4.dot_i16x8_s, and the addition that each needs.
// Exports only; wasm_rates.mjs takes the time.

#include <wasm_simd128.h>

#include <cstddef>
#include <cstdint>

namespace {

// As many chains as hide the latency of both, turns enough to hide the loop.
constexpr size_t kChains = 12;
constexpr size_t kTurns = 4;
constexpr size_t kProducts = 8;

volatile int32_t sink;

}  // namespace

// Returns the multiply-adds done.
extern "C" __attribute__((export_name("multiply_add"))) double multiply_add(
    int32_t rounds) {
  const v128_t x = wasm_i32x4_splat(rounds);
  v128_t sums[kChains];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < kChains; ++i) {
    sums[i] = wasm_i32x4_splat(rounds + static_cast<int32_t>(i));
  }
  for (int32_t round = 0; round < rounds; ++round) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < kTurns * kChains; ++i) {
      v128_t& sum = sums[i % kChains];
      sum = wasm_i32x4_add(wasm_i32x4_dot_i16x8(sum, x), x);
    }
  }
  for (size_t i = 0; i < kChains; ++i) {
    sink = wasm_i32x4_extract_lane(sums[i], 0);
  }
  return static_cast<double>(rounds) * kTurns * kChains * kProducts;
}
