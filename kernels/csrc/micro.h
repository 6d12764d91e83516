// The innermost matrix product: a block of positions times a panel of output channels.
//
// Both kernels compute, for `rows` consecutive positions and `outputs` channels,
//     out[row][n] = sum over steps, k < 32:  a[offsets[step] + row * stride + k] * b[step][k][n]
// A step is a tap of the convolution and 32 of its input channels; `offsets` says where in the
// activations it reads, and the weights lie in the order of the steps, so they stream.
#pragma once

#include <cstddef>

#include "grid.h"
#include "lanes.h"

namespace draglive {

// Float32 on any CPU. A row of `a` beyond the last position is read and its result ignored.
struct VectorKernel {
  using Element = float;
  static constexpr int positions = LANES == 16 ? 14 : LANES == 8 ? 6 : 8;
  static constexpr int outputs = 2 * LANES;

  static void begin() {}
  static void end() {}
  static int packed_index(int k, int n) { return k * outputs + n; }

  static void multiply(const float* a, std::ptrdiff_t stride, const std::ptrdiff_t* offsets,
                       int steps, const float* b, int /*rows*/, float* out) {
    Lanes sums[positions][2] = {};
    for (int step = 0; step < steps; ++step) {
      const float* from = a + offsets[step];
      for (int k = 0; k < DEPTH; ++k, b += outputs) {
        const Lanes left = load(b), right = load(b + LANES);
#pragma GCC unroll 16
        for (int row = 0; row < positions; ++row) {
          const Lanes value = all(from[row * stride + k]);
          sums[row][0] += value * left;
          sums[row][1] += value * right;
        }
      }
    }
#pragma GCC unroll 16
    for (int row = 0; row < positions; ++row) {
      store(out + row * outputs, sums[row][0]);
      store(out + row * outputs + LANES, sums[row][1]);
    }
  }
};

#ifdef DRAGLIVE_AMX
// bfloat16 with float32 sums on Intel's matrix unit: tiles of 16 x 16 sums, two by two.
struct AmxKernel {
  using Element = Bfloat16;
  static constexpr int positions = 32;
  static constexpr int outputs = 32;

  static void begin() {
    struct alignas(64) Config {
      std::uint8_t palette = 1, start = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static const Config config;  // not on the stack: GCC's intrinsic names only its first 8 bytes
    _tile_loadconfig(&config);
  }
  static void end() { _tile_release(); }

  // Pairs of k lie together; 16 outputs make a tile.
  static int packed_index(int k, int n) {
    return n / 16 * 512 + k / 2 * 32 + n % 16 * 2 + k % 2;
  }

  static void multiply(const Bfloat16* a, std::ptrdiff_t stride, const std::ptrdiff_t* offsets,
                       int steps, const Bfloat16* b, int rows, float* out) {
    if (rows > 16)
      multiply_32(a, stride, offsets, steps, b, out);
    else
      multiply_16(a, stride, offsets, steps, b, out);
  }

 private:
  static constexpr int TILE = 512;  // values of a tile of weights
  static constexpr int OUT_BYTES = outputs * sizeof(float);

  // Six tiles are named, and one of the weights' loaded twice, though with all eight nothing would
  // be. A core whose other thread is busy has few tile registers besides the named ones; only with
  // some to spare does it load while it multiplies, and then this is 1.45 times as fast.
  static void multiply_32(const Bfloat16* a, std::ptrdiff_t stride, const std::ptrdiff_t* offsets,
                          int steps, const Bfloat16* b, float* out) {
    const Bfloat16* lower = a + 16 * stride;
    const std::ptrdiff_t bytes = stride * sizeof(Bfloat16);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int step = 0; step < steps; ++step, b += 2 * TILE) {
      _tile_loadd(4, a + offsets[step], bytes);
      _tile_loadd(5, b, 64);
      _tile_dpbf16ps(0, 4, 5);
      _tile_loadd(5, b + TILE, 64);
      _tile_dpbf16ps(1, 4, 5);
      _tile_loadd(4, lower + offsets[step], bytes);
      _tile_dpbf16ps(3, 4, 5);
      _tile_loadd(5, b, 64);
      _tile_dpbf16ps(2, 4, 5);
    }
    _tile_stored(0, out, OUT_BYTES);
    _tile_stored(1, out + 16, OUT_BYTES);
    _tile_stored(2, out + 16 * outputs, OUT_BYTES);
    _tile_stored(3, out + 16 * outputs + 16, OUT_BYTES);
  }

  static void multiply_16(const Bfloat16* a, std::ptrdiff_t stride, const std::ptrdiff_t* offsets,
                          int steps, const Bfloat16* b, float* out) {
    const std::ptrdiff_t bytes = stride * sizeof(Bfloat16);
    _tile_zero(0);
    _tile_zero(1);
    for (int step = 0; step < steps; ++step, b += 2 * TILE) {
      _tile_loadd(2, a + offsets[step], bytes);
      _tile_loadd(3, b, 64);
      _tile_dpbf16ps(0, 2, 3);
      _tile_loadd(3, b + TILE, 64);
      _tile_dpbf16ps(1, 2, 3);
    }
    _tile_stored(0, out, OUT_BYTES);
    _tile_stored(1, out + 16, OUT_BYTES);
  }
};
#endif

}  // namespace draglive
