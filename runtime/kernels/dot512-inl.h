// What the targets with registers of 512 bits share. Included by each of them after
// vec16-inl.h; no include guard on purpose.

struct Dot512 {
  static constexpr size_t kTiles = 2;
  static constexpr size_t kStreams = 1;
  static constexpr bool kF32Apart = false;
  static constexpr size_t kF32Tokens = 6;
  static constexpr size_t kF32Lanes = 16;
  static constexpr size_t kQueries = 8;
  static constexpr size_t kKeyBlocks = 2;
  static constexpr size_t kValueVectors = 2;
  static constexpr int32_t kQ4Bias = 8;

  using Sum = __m512i;

  // Weights plus 8, each in a byte.
  static PEDIGREE_VEC_INLINE void LoadNibbles(const uint8_t* tile,
                                              __m512i& low, __m512i& high) {
    const __m512i mask = _mm512_set1_epi8(0x0f);
    const __m512i both =
        _mm512_xor_si512(_mm512_loadu_si512(tile),
                         _mm512_set1_epi8(static_cast<char>(0x88)));
    low = _mm512_and_si512(both, mask);
    high = _mm512_and_si512(_mm512_srli_epi16(both, 4), mask);
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE Sum Start(int32_t value) {
    return _mm512_set1_epi32(value);
  }
  static PEDIGREE_VEC_INLINE __m512i Splat(const int8_t* x) {
    int32_t four;
    __builtin_memcpy(&four, x, sizeof(four));
    return _mm512_set1_epi32(four);
  }
  template <bool kQ4>
  static PEDIGREE_VEC_INLINE I16 Finish(Sum sum) {
    return __builtin_bit_cast(I16, sum);
  }
  static PEDIGREE_VEC_INLINE F16 LoadHalves(const uint8_t* halves) {
    return __builtin_bit_cast(
        F16, _mm512_cvtph_ps(_mm256_loadu_si256(
                 reinterpret_cast<const __m256i*>(halves))));
  }
};
