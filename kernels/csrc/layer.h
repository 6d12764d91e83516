// One modulated 3x3 convolution: its constants, its buffers, and how its taps lie in them.
#pragma once

#include "filter.h"

namespace draglive {

extern "C" {
// As kernels/synthesis_native.py fills them in. Pointers stay valid as long as the network.
struct LayerSpec {
  const float* weight;         // [out, in, 3, 3]
  const float* affine_weight;  // [in, w_dim]
  const float* affine_bias;    // [in]
  const float* bias;           // [out]
  const float* noise;          // [height, width] or null
  std::int32_t in, out, up, height, width;
  std::int32_t reads_whole;  // whether it reads the whole map below
  std::int32_t make_size;    // side of the windows that it makes; 0: the whole map
  float clamp;
};

struct NetworkSpec {
  const LayerSpec* layers;
  const float* start;  // [C, 4, width]
  void* features;      // [pictures, height, width, padded C], of the compute dtype, or null
  std::int32_t layer_count, start_width, w_dim, points;
  std::int32_t free;       // layers that get gradients to their w
  std::int32_t gradients;  // whether there is a backward
  std::int32_t threads;
  std::int32_t bfloat16;
};
}

template <class Kernel>
struct Layer {
  using E = typename Kernel::Element;

  LayerSpec spec;
  bool free = false;
  bool cuts = false;  // takes its windows out of the whole map below
  int in = 0, out = 0;
  int pictures = 1, height = 0, width = 0;  // of the part that it makes
  int in_height = 0, in_width = 0;          // of the part that it reads
  Modulation modulation;
  float* bias = nullptr;
  Grid<E> input;     // what the products read
  Phases<E> phases;  // of an up-convolution; backward uses the same memory
  Product<Kernel> forward;
  Activation<E> finish;
  Grid<E> gradient;  // to the bare sums
  Product<Kernel> backward;
  ActivationGradient<E> finish_gradient;
  Grid<float> cut_gradient;  // to the windows that it cut

  bool windowed() const { return spec.make_size > 0; }
  // Where T's rows begin for the window's or map's first output (filter.h).
  int first_t(int picture, int axis) const {
    return windowed() ? 1 + (finish.place.origins[2 * picture + axis] & 1) : -1;
  }
  // Where the window that it reads begins.
  int read_origin(int picture, int axis) const {
    const int made = finish.place.origins[2 * picture + axis];
    return spec.up ? (made >> 1) - 1 : made - 1;
  }

  void take(Arena& arena, const LayerSpec& given, const NetworkSpec& network, bool is_free) {
    spec = given, free = is_free;
    in = padded(spec.in), out = padded(spec.out);
    cuts = windowed() && spec.reads_whole;
    pictures = windowed() ? network.points : 1;
    height = windowed() ? spec.make_size : spec.height;
    width = windowed() ? spec.make_size : spec.width;
    const int shrink = spec.up ? 2 : 1;
    const int read_size = spec.up ? spec.make_size / 2 + 3 : spec.make_size + 2;
    in_height = windowed() ? read_size : spec.height / shrink;
    in_width = windowed() ? read_size : spec.width / shrink;
    const int edge = windowed() ? 0 : 1;
    input = make_grid<E>(arena, {pictures, in_height, in_width, in}, edge, edge);
    if (spec.up) {
      phases.pictures = pictures;
      phases.planes =
          make_grid<E>(arena, {4 * pictures, in_height + edge, in_width, out}, 1, edge);
    }
    plan_forward(arena);
    take_constants(arena, network);
    if (network.gradients) take_gradients(arena);
  }

  // Positions of the planes, flattened: forward makes one more row of a whole map than it reads.
  int phase_positions() const {
    return windowed() ? in_height * in_width : (in_height + 1) * input.pitch;
  }

  // Weights for the products; a fixed layer's with style and demodulation in them.
  void pack(Team team) {
    const auto taps = [this](int i, int o) -> Taps {
      if (i >= spec.in || o >= spec.out) return {nullptr, 0};
      const float* weights = spec.weight + (static_cast<std::ptrdiff_t>(o) * spec.in + i) * 9;
      return {weights, free ? 1 : modulation.style[i] * modulation.demodulation[o]};
    };
    forward.pack(team, [&](int k, int n) { return taps(k, n); });
    if (gradient.data) backward.pack(team, [&](int k, int n) { return taps(n, k); });
  }

 private:
  void plan_forward(Arena& arena) {
    const std::ptrdiff_t pitch = input.pitch;
    if (spec.up) {
      // T[2a, 2b] has four taps, T[2a, 2b+1] and T[2a+1, 2b] two, T[2a+1, 2b+1] one.
      const Tap t00{0, 0}, t02{2, -1}, t20{6, -pitch}, t22{8, -pitch - 1};
      forward.plan(arena, input, phase_positions(), out,
                   {{{{t00, t02}, {t20, t22}}},
                    {{{{1, 0}}, {{7, -pitch}}}},
                    {{{{3, 0}, {5, -1}}}},
                    {{{{4, 0}}}}});
      return;
    }
    const std::ptrdiff_t first = windowed() ? 0 : -pitch - 1;
    Pass pass;
    for (int row = 0; row < 3; ++row) {
      TapGroup group;
      for (int column = 0; column < 3; ++column)
        group.push_back({3 * row + column, first + row * pitch + column});
      pass.groups.push_back(group);
    }
    forward.plan(arena, input, (height - 1) * static_cast<int>(pitch) + width, out, {pass});
  }

  void take_constants(Arena& arena, const NetworkSpec& network) {
    modulation.weight = spec.weight;
    modulation.affine_weight = spec.affine_weight, modulation.affine_bias = spec.affine_bias;
    modulation.in = spec.in, modulation.out = spec.out, modulation.w_dim = network.w_dim;
    modulation.take(arena);
    bias = arena.zeros<float>(out);
    std::memcpy(bias, spec.bias, sizeof(float) * spec.out);
    finish.place.map_height = spec.height, finish.place.map_width = spec.width;
    finish.place.noise = spec.noise;
    finish.clamp = spec.clamp, finish.bias = bias;
    finish.demodulation = free ? modulation.demodulation : nullptr;
  }

  void take_gradients(Arena& arena) {
    // An up-convolution's gradient goes through the filter first, which needs no zeros around it.
    const int edge = spec.up ? 0 : windowed() ? 2 : 1;
    gradient = make_grid<E>(arena, {pictures, height, width, out}, edge, edge);
    if (cuts) cut_gradient = make_grid<float>(arena, {pictures, in_height, in_width, in}, 0, 0);
    Pass pass;
    for (int row = 0; row < 3; ++row) {
      if (spec.up) {
        pass.groups.push_back({phase_tap(row, 0), phase_tap(row, 2)});
        pass.groups.push_back({phase_tap(row, 1)});
        continue;
      }
      TapGroup group;
      const std::ptrdiff_t first = windowed() ? 0 : 1, pitch = gradient.pitch;
      for (int column = 0; column < 3; ++column)
        group.push_back({3 * row + column, (first - row) * pitch + first - column});
      pass.groups.push_back(group);
    }
    Grid<E> from = spec.up ? phases.planes : gradient;
    from.pictures = pictures;
    const int whole_map = (in_height - 1) * from.pitch + in_width;
    const int positions = windowed() ? in_height * in_width : whole_map;
    backward.plan(arena, from, positions, in, {pass});
    finish_gradient.into = gradient;
  }

  // x[a, b] meets T[2a + row, 2b + column] in tap (row, column).
  Tap phase_tap(int row, int column) const {
    const Grid<E>& planes = phases.planes;
    const int plane = 2 * (row & 1) + (column & 1);
    return {3 * row + column, plane * pictures * planes.stride +
                                  static_cast<std::ptrdiff_t>(row >> 1) * planes.pitch +
                                  (column >> 1)};
  }
};

}  // namespace draglive
