// A vector register of floats, and how samples of either dtype get into and out of it.
//
// GCC's and Clang's vector types: arithmetic, comparison and `mask ? a : b` work lane by lane.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AMX_BF16__) && defined(__AVX512BF16__)
#define DRAGLIVE_AMX 1
#include <immintrin.h>
#endif

namespace draglive {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

typedef float Lanes __attribute__((vector_size(LANES * sizeof(float))));

inline Lanes load(const float* from) {
  Lanes value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void store(float* to, Lanes value) { std::memcpy(to, &value, sizeof value); }

inline Lanes all(float value) { return value - Lanes{}; }  // x - 0 is x, even for -0: folded

inline float sum(Lanes value) {
  float total = 0;
  for (int i = 0; i < LANES; ++i) total += value[i];
  return total;
}

#ifdef DRAGLIVE_AMX
struct Bfloat16 {
  std::uint16_t bits;
};

inline Lanes load(const Bfloat16* from) {
  typedef std::uint16_t Halves __attribute__((vector_size(LANES * sizeof(std::uint16_t))));
  typedef std::uint32_t Words __attribute__((vector_size(LANES * sizeof(std::uint32_t))));
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  return reinterpret_cast<Lanes>(__builtin_convertvector(halves, Words) << 16);
}

// Rounds to nearest even; NaN stays NaN.
inline void store(Bfloat16* to, Lanes value) {
  const __m256bh bits = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(value));
  std::memcpy(to, &bits, sizeof bits);
}
#endif

// One value; for weights, which are packed one by one.
inline void store_one(float* to, float value) { *to = value; }

#ifdef DRAGLIVE_AMX
inline void store_one(Bfloat16* to, float value) {
  const __m128bh bits = _mm_cvtneps_pbh(_mm_set_ss(value));
  std::memcpy(to, &bits, sizeof *to);
}
#endif

// As it is when stored.
template <class E>
float rounded(float value) {
  E stored[LANES];
  store(stored, all(value));
  return load(stored)[0];
}

}  // namespace draglive
