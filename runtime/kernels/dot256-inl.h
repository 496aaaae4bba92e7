// What the targets with registers of 256 bits share. Included by each of them after
// vec16-inl.h; no include guard on purpose.

struct Dot256 {
  static constexpr size_t kTokens = 4;
  static constexpr size_t kTiles = 1;
  static constexpr size_t kF32Tokens = 1;
  static constexpr size_t kF32Lanes = 16;
  static constexpr size_t kQueries = 4;
  static constexpr size_t kKeyBlocks = 1;
  static constexpr size_t kValueVectors = 1;
  static constexpr int32_t kQ4Bias = 8;

  // Rows 0 to 7 and 8 to 15.
  struct Pair {
    __m256i first;
    __m256i second;
  };
  using Weights = Pair;
  using Sum = Pair;

  // Both registers with each byte xored with `flip`.
  static PEDIGREE_VEC_INLINE Pair LoadBytes(const uint8_t* tile, int flip) {
    const __m256i mask = _mm256_set1_epi8(static_cast<char>(flip));
    const auto* halves = reinterpret_cast<const __m256i*>(tile);
    return {_mm256_xor_si256(_mm256_loadu_si256(halves), mask),
            _mm256_xor_si256(_mm256_loadu_si256(halves + 1), mask)};
  }
  // Weights plus 8.
  static PEDIGREE_VEC_INLINE void LoadQ4(const uint8_t* tile, Weights& low,
                                         Weights& high) {
    const __m256i mask = _mm256_set1_epi8(0x0f);
    const Pair both = LoadBytes(tile, 0x88);
    low = {_mm256_and_si256(both.first, mask),
           _mm256_and_si256(both.second, mask)};
    high = {_mm256_and_si256(_mm256_srli_epi16(both.first, 4), mask),
            _mm256_and_si256(_mm256_srli_epi16(both.second, 4), mask)};
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    return {_mm256_set1_epi32(value), _mm256_set1_epi32(value)};
  }
  static PEDIGREE_VEC_INLINE __m256i Splat(const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, sizeof(four));
    return _mm256_set1_epi32(four);
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE I16 Finish(const Sum& sum) {
    return __builtin_bit_cast(I16, sum);
  }
  static PEDIGREE_VEC_INLINE F16 LoadHalves(const uint8_t* halves) {
    const auto* parts = reinterpret_cast<const __m128i*>(halves);
    struct {
      __m256 first;
      __m256 second;
    } both = {_mm256_cvtph_ps(_mm_loadu_si128(parts)),
              _mm256_cvtph_ps(_mm_loadu_si128(parts + 1))};
    return __builtin_bit_cast(F16, both);
  }
};
