// Sixteen lanes: the width that docs/numerics.md gives every sum, as one vector
// type. The compiler makes of it what a target has: one register of AVX-512, two
// of AVX2, four of SSE, NEON or WebAssembly. Every operation is an IEEE one on
// each lane, so the bits do not depend on the target.
//
// Included by each <target>.cc inside an anonymous namespace and the region that
// enables the target's instructions; no include guard on purpose.

// Vectors pass between functions only where these are inlined, so the ABI that
// the warning is about never comes up.
#pragma clang diagnostic ignored "-Wpsabi"

#define PEDIGREE_VEC_INLINE inline __attribute__((always_inline))
#define PEDIGREE_UNROLL _Pragma("clang loop unroll(full)")

// What only the end of a row needs: a function of its own in WebAssembly, where the
// size of the module counts.
#if defined(__wasm__)
#define PEDIGREE_VEC_TAIL inline __attribute__((noinline))
#else
#define PEDIGREE_VEC_TAIL PEDIGREE_VEC_INLINE
#endif

typedef float F4 __attribute__((ext_vector_type(4)));
typedef float F8 __attribute__((ext_vector_type(8)));
typedef float F16 __attribute__((ext_vector_type(16)));
typedef int32_t I16 __attribute__((ext_vector_type(16)));
typedef int8_t Byte16 __attribute__((ext_vector_type(16)));
typedef uint16_t Half16 __attribute__((ext_vector_type(16)));

inline constexpr size_t kLanes = 16;

PEDIGREE_VEC_INLINE F16 Load(const float* p) {
  F16 v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}

// Weights are asked for this long before they are read. A processor's own
// prefetcher stops at the end of a page and knows nothing of the next one's place.
inline constexpr size_t kAheadBytes = 8192;
inline constexpr size_t kLineBytes = 64;

// Asks for the cache line at `address`, which need not exist, for the second-level
// cache.
PEDIGREE_VEC_INLINE void FetchLine(const void* address) {
  __builtin_prefetch(address, 0, 2);
}

// Asks for `bytes` that are read kAheadBytes from here on; they may not exist.
PEDIGREE_VEC_INLINE void FetchAhead(const void* from, size_t bytes) {
  const uintptr_t ahead = reinterpret_cast<uintptr_t>(from) + kAheadBytes;
  for (size_t i = 0; i < bytes; i += kLineBytes) {
    FetchLine(reinterpret_cast<const void*>(ahead + i));
  }
}

PEDIGREE_VEC_INLINE void Store(F16 v, float* p) {
  __builtin_memcpy(p, &v, sizeof(v));
}

// The first `count` lanes, 1 to 16; the others are zero. In pieces of known
// sizes: a copy of any size goes through a function and the stack.
PEDIGREE_VEC_INLINE F4 LoadPart4(const float* p, size_t count) {
  F4 v = 0.0f;
  if (count >= 4) {
    __builtin_memcpy(&v, p, sizeof(v));
    return v;
  }
  v[0] = count > 0 ? p[0] : 0.0f;
  v[1] = count > 1 ? p[1] : 0.0f;
  v[2] = count > 2 ? p[2] : 0.0f;
  return v;
}

PEDIGREE_VEC_INLINE F8 LoadPart8(const float* p, size_t count) {
  F8 v = 0.0f;
  if (count >= 8) {
    __builtin_memcpy(&v, p, sizeof(v));
    return v;
  }
  v.lo = LoadPart4(p, count);
  if (count > 4) v.hi = LoadPart4(p + 4, count - 4);
  return v;
}

PEDIGREE_VEC_TAIL F16 LoadPart(const float* p, size_t count) {
  F16 v = 0.0f;
  v.lo = LoadPart8(p, count);
  if (count > 8) v.hi = LoadPart8(p + 8, count - 8);
  return v;
}

PEDIGREE_VEC_INLINE void StorePart4(F4 v, float* p, size_t count) {
  if (count >= 4) {
    __builtin_memcpy(p, &v, sizeof(v));
    return;
  }
  if (count > 0) p[0] = v[0];
  if (count > 1) p[1] = v[1];
  if (count > 2) p[2] = v[2];
}

PEDIGREE_VEC_INLINE void StorePart8(F8 v, float* p, size_t count) {
  if (count >= 8) {
    __builtin_memcpy(p, &v, sizeof(v));
    return;
  }
  StorePart4(v.lo, p, count);
  if (count > 4) StorePart4(v.hi, p + 4, count - 4);
}

PEDIGREE_VEC_TAIL void StorePart(F16 v, float* p, size_t count) {
  StorePart8(v.lo, p, count);
  if (count > 8) StorePart8(v.hi, p + 8, count - 8);
}

PEDIGREE_VEC_INLINE I16 Bits(F16 v) { return __builtin_bit_cast(I16, v); }
PEDIGREE_VEC_INLINE F16 FromBits(I16 v) { return __builtin_bit_cast(F16, v); }

// Halves as floats, where no instruction does it: exponent and fraction move to
// their places, and a product mends the bias, exactly, for subnormal halves too.
// No infinities or NaNs.
PEDIGREE_VEC_INLINE F16 HalvesToFloats(const uint8_t* halves) {
  Half16 packed;
  __builtin_memcpy(&packed, halves, sizeof(packed));
  const I16 bits = __builtin_convertvector(packed, I16);
  const F16 magnitude = FromBits((bits & 0x7fff) << 13) * 0x1p112f;
  return FromBits(Bits(magnitude) | (bits & 0x8000) << 16);
}

PEDIGREE_VEC_INLINE F16 Abs(F16 v) { return FromBits(Bits(v) & 0x7fffffff); }

PEDIGREE_VEC_INLINE F16 Max(F16 a, F16 b) { return a > b ? a : b; }

// -1 in each lane that is NaN or infinite, 0 elsewhere.
PEDIGREE_VEC_INLINE I16 NotFinite(F16 v) {
  return (Bits(v) & 0x7f800000) == 0x7f800000;
}

PEDIGREE_VEC_INLINE bool AnyLane(I16 mask) {
  return __builtin_reduce_or(mask) != 0;
}

// The fixed tree of a strided sum.
PEDIGREE_VEC_INLINE float Fold(F16 v) {
  const F8 eight = v.lo + v.hi;
  const F4 four = eight.lo + eight.hi;
  return (four.x + four.z) + (four.y + four.w);
}

// Four fixed trees side by side.
PEDIGREE_VEC_INLINE F4 Fold4(F16 a, F16 b, F16 c, F16 d) {
  const F16 ab =
      __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20,
                              21, 22, 23) +
      __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26,
                              27, 28, 29, 30, 31);
  const F16 cd =
      __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20,
                              21, 22, 23) +
      __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26,
                              27, 28, 29, 30, 31);
  const F16 four =
      __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19,
                              24, 25, 26, 27) +
      __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22,
                              23, 28, 29, 30, 31);
  const F8 two =
      __builtin_shufflevector(four, four, 0, 1, 4, 5, 8, 9, 12, 13) +
      __builtin_shufflevector(four, four, 2, 3, 6, 7, 10, 11, 14, 15);
  return two.even + two.odd;
}

// The largest lane.
PEDIGREE_VEC_INLINE float MaxLane(F16 v) {
  const F8 eight = v.lo > v.hi ? v.lo : v.hi;
  const F4 four = eight.lo > eight.hi ? eight.lo : eight.hi;
  const float a = four.x > four.z ? four.x : four.z;
  const float b = four.y > four.w ? four.y : four.w;
  return a > b ? a : b;
}

// 1.5 * 2^23: adding it rounds |x| <= 2^22 to an integer, halves to even, which
// then stands in the low bits.
inline constexpr float kRounder = 12582912.0f;
inline constexpr int32_t kRounderBits = 0x4b400000;

// ExpF of docs/numerics.md in each lane. A NaN gives a NaN.
PEDIGREE_VEC_INLINE F16 ExpF16(F16 x) {
  // Outside this range the result is replaced below.
  const F16 clamped = x < -104.0f ? F16(-104.0f) : x > 89.0f ? F16(89.0f) : x;
  const F16 shifted = clamped * 1.44269504f + kRounder;
  const F16 n = shifted - kRounder;
  const F16 r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
  F16 p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const F16 y = (p * (r * r) + r) + 1.0f;
  const I16 exponent = Bits(shifted) - kRounderBits;
  const I16 half = exponent >> 1;
  const F16 result = y * FromBits((half + 127) << 23) *
                     FromBits((exponent - half + 127) << 23);
  const F16 high = x > 88.72283f ? F16(__builtin_inff()) : result;
  return x < -103.97208f ? F16(0.0f) : high;
}
