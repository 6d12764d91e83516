// Styles and demodulation of one layer (Karras et al. 2020, section 2.2), and their gradients.
//
//     style s = A w + b            [in]
//     demodulation d = (E s² + 1e-8)^-1/2, E the squared weights summed over the taps, [out]
#pragma once

#include <algorithm>
#include <cmath>

#include "packed.h"

namespace draglive {

inline float dot(const float* a, const float* b, int count) {
  Lanes total = all(0);
  int i = 0;
  for (; i + LANES <= count; i += LANES) total += load(a + i) * load(b + i);
  float rest = sum(total);
  for (; i < count; ++i) rest += a[i] * b[i];
  return rest;
}

// into[j] += factor * row[j]
inline void add_scaled(float* into, const float* row, float factor, int from, int to) {
  int j = from;
  for (; j + LANES <= to; j += LANES) store(into + j, load(into + j) + factor * load(row + j));
  for (; j < to; ++j) into[j] += factor * row[j];
}

// Sums over positions, one set for each chunk of them, so that their order never changes.
struct Sums {
  float* data = nullptr;  // [chunks, channels]
  int channels = 0, chunks = 0;

  float* at(int chunk, int channel) const {
    return data + static_cast<std::ptrdiff_t>(chunk) * channels + channel;
  }
  void take(Arena& arena, int most_chunks, int count) {
    chunks = most_chunks, channels = count;
    data = arena.zeros<float>(static_cast<std::size_t>(chunks) * channels);
  }
  float total(int channel) const {
    float all_chunks = 0;
    for (int chunk = 0; chunk < chunks; ++chunk) all_chunks += *at(chunk, channel);
    return all_chunks;
  }
};

struct Modulation {
  const float* affine_weight = nullptr;  // [in, w_dim]
  const float* affine_bias = nullptr;    // [in]
  const float* energy = nullptr;         // E, [out, in]
  int in = 0, out = 0, w_dim = 0;
  float* style = nullptr;   // padded with zeros
  float* demodulation = nullptr;
  Sums style_sums;   // dL/ds, without the part through d
  Sums output_sums;  // sum of dL/d(d y) · d y for each output
  float* style_gradient = nullptr;
  float* through_demodulation = nullptr;  // output_sums · d²

  void take(Arena& arena) {
    style = arena.zeros<float>(padded(in));
    demodulation = arena.zeros<float>(padded(out));
    style_gradient = arena.zeros<float>(padded(in));
    through_demodulation = arena.zeros<float>(padded(out));
  }

  // This and what follows: for channels `from` to `to` - 1.
  void set_style(const float* w, int from, int to) const {
    for (int i = from; i < to; ++i)
      style[i] = affine_bias[i] + dot(affine_weight + static_cast<std::ptrdiff_t>(i) * w_dim, w,
                                      w_dim);
  }

  // After all styles are there.
  void set_demodulation(int from, int to) const {
    for (int o = from; o < to; ++o) {
      const float* row = energy + static_cast<std::ptrdiff_t>(o) * in;
      Lanes total = all(0);
      int i = 0;
      for (; i + LANES <= in; i += LANES) {
        const Lanes s = load(style + i);
        total += load(row + i) * s * s;
      }
      float norm = sum(total);
      for (; i < in; ++i) norm += row[i] * style[i] * style[i];
      demodulation[o] = 1 / std::sqrt(norm + 1e-8f);
    }
  }

  void sum_chunks(int from, int to) const {
    for (int o = from; o < to; ++o)
      through_demodulation[o] = output_sums.total(o) * demodulation[o] * demodulation[o];
  }

  // After `sum_chunks` of all: dL/ds.
  void finish_style_gradient(int from, int to) const {
    std::fill(style_gradient + from, style_gradient + to, 0.f);
    for (int o = 0; o < out; ++o)
      add_scaled(style_gradient, energy + static_cast<std::ptrdiff_t>(o) * in,
                 through_demodulation[o], from, to);
    for (int i = from; i < to; ++i)
      style_gradient[i] = style_sums.total(i) - style[i] * style_gradient[i];
  }

  // After `finish_style_gradient` of all: dL/dw.
  void set_w_gradient(float* gradient, int from, int to) const {
    std::fill(gradient + from, gradient + to, 0.f);
    for (int i = 0; i < in; ++i)
      add_scaled(gradient, affine_weight + static_cast<std::ptrdiff_t>(i) * w_dim,
                 style_gradient[i], from, to);
  }
};

}  // namespace draglive
