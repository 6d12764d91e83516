// What happens to a sample between two convolutions, and its gradient: demodulation, noise, bias,
// leaky ReLU (0.2, gain √2), clamp, zero beyond the map, the next layer's style.
//
// Two registers of channels at a time: a panel of the matrix product.
#pragma once

#include "modulation.h"

namespace draglive {

constexpr float ROOT2 = 1.41421356237309505f;
constexpr int PANEL = 2 * LANES;

// Where a layer's samples lie in its map.
struct Place {
  int map_height = 0, map_width = 0;
  const float* noise = nullptr;           // [map_height, map_width]
  const std::int32_t* origins = nullptr;  // (x, y) of each window; null: the whole map

  bool inside(int picture, int& y, int& x) const {
    if (origins == nullptr) return true;
    y += origins[2 * picture + 1], x += origins[2 * picture];
    return y >= 0 && y < map_height && x >= 0 && x < map_width;
  }
  float noise_at(int y, int x) const {
    return noise == nullptr ? 0.f : noise[static_cast<std::ptrdiff_t>(y) * map_width + x];
  }
};

template <class E>
struct Activation {
  Place place;
  float clamp = 0;
  const float* bias = nullptr;
  const float* demodulation = nullptr;  // null: it is in the weights
  const float* next_style = nullptr;    // null: it is in the next layer's weights
  Grid<E> kept;                         // the layer's output; no data: nobody needs it
  Grid<E> scaled;                       // the output times the next layer's style

  struct Channels {
    int first;
    Lanes demodulation[2], bias[2], style[2];
  };

  Channels channels(int first) const {
    Channels c{first, {all(1), all(1)}, {}, {all(1), all(1)}};
    for (int h = 0; h < 2; ++h) {
      c.bias[h] = load(bias + first + h * LANES);
      if (demodulation) c.demodulation[h] = load(demodulation + first + h * LANES);
      if (next_style) c.style[h] = load(next_style + first + h * LANES);
    }
    return c;
  }

  Lanes activated(Lanes sums, const Channels& c, int h, float noise) const {
    Lanes a = sums * c.demodulation[h] + (c.bias[h] + noise);
    a *= a > 0 ? all(ROOT2) : all(0.2f * ROOT2);
    a = a > clamp ? all(clamp) : a;  // in this form NaN stays NaN
    return a < -clamp ? all(-clamp) : a;
  }

  // The same for `count` samples to the right of (y, x), a panel of sums each.
  void row(int picture, int y, int x, int count, const Channels& c, const float* sums) const {
    if (place.origins != nullptr || (kept.data && scaled.data)) {
      for (int i = 0; i < count; ++i, sums += PANEL) {
        const Lanes both[2] = {load(sums), load(sums + LANES)};
        (*this)(picture, y, x + i, c, both);
      }
      return;
    }
    const Grid<E>& grid = kept.data ? kept : scaled;
    const Lanes style[2] = {kept.data ? all(1) : c.style[0], kept.data ? all(1) : c.style[1]};
    E* into = grid.at(picture, y, x) + c.first;
    for (int i = 0; i < count; ++i, sums += PANEL, into += grid.channels) {
      const float noise = place.noise_at(y, x + i);
      for (int h = 0; h < 2; ++h)
        store(into + h * LANES, activated(load(sums + h * LANES), c, h, noise) * style[h]);
    }
  }

  // The bare convolution's sums of sample (y, x) to the layer's output.
  void operator()(int picture, int y, int x, const Channels& c, const Lanes sums[2]) const {
    int map_y = y, map_x = x;
    const bool inside = place.inside(picture, map_y, map_x);
    const float noise = inside ? place.noise_at(map_y, map_x) : 0;
    for (int h = 0; h < 2; ++h) {
      const Lanes a = inside ? activated(sums[h], c, h, noise) : all(0);
      const int channel = c.first + h * LANES;
      if (kept.data) store(kept.at(picture, y, x) + channel, a);
      if (scaled.data) store(scaled.at(picture, y, x) + channel, a * c.style[h]);
    }
  }
};

// From the gradient to what the next convolution read, to the gradient to this one's bare sums.
template <class E>
struct ActivationGradient {
  Activation<E> forward;
  Grid<E> into;           // gradient to the sums
  Sums next_style_sums;   // of the next layer; data only if it is free
  Sums own_output_sums;   // of this one; data only if it is free

  struct Totals {
    Lanes style[2] = {}, output[2] = {};
  };

  void operator()(int picture, int y, int x, const typename Activation<E>::Channels& c,
                  const Lanes gradient[2], Totals& totals) const {
    int map_y = y, map_x = x;
    const bool inside = forward.place.inside(picture, map_y, map_x);
    const float noise = inside ? forward.place.noise_at(map_y, map_x) : 0;
    for (int h = 0; h < 2; ++h) {
      const int channel = c.first + h * LANES;
      Lanes g = all(0);
      if (inside) {
        const Lanes a = load(forward.kept.at(picture, y, x) + channel);
        totals.style[h] += gradient[h] * a;
        g = gradient[h] * c.style[h] * (a > 0 ? all(ROOT2) : all(0.2f * ROOT2));
        g = a >= forward.clamp ? all(0) : g;
        g = a <= -forward.clamp ? all(0) : g;
        const Lanes before = a * (a > 0 ? all(1 / ROOT2) : all(1 / (0.2f * ROOT2)));
        totals.output[h] += g * (before - noise - c.bias[h]);
      }
      store(into.at(picture, y, x) + channel, g * c.demodulation[h]);
    }
  }

  // Add a block's totals to its chunk's.
  void add(const Totals& totals, int chunk, int channel, bool first) const {
    for (int h = 0; h < 2; ++h) {
      add_to(next_style_sums, chunk, channel + h * LANES, totals.style[h], first);
      add_to(own_output_sums, chunk, channel + h * LANES, totals.output[h], first);
    }
  }

  static void add_to(const Sums& sums, int chunk, int channel, Lanes value, bool first) {
    if (sums.data == nullptr) return;
    float* at = sums.at(chunk, channel);
    store(at, first ? value : load(at) + value);
  }
};

}  // namespace draglive
