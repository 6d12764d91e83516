// One modulated 3x3 convolution: its buffers, and how its taps lie in them.
#pragma once

#include "filter.h"
#include "product.h"
#include "weights.h"

namespace draglive {

extern "C" {
// As kernels/synthesis_native.py fills them in.
struct PartSpec {
  std::int32_t reads_whole;  // whether it reads the whole map below
  std::int32_t make_size;    // side of the windows that it makes; 0: the whole map
};

struct PlanSpec {
  const PartSpec* layers;
  void* features;  // [pictures, height, width, padded C], of the compute dtype, or null
  std::int32_t layer_count, points;
  std::int32_t gradients;  // whether there is a backward
  std::int32_t threads;
};
}

// A block's rows of sums to samples that follow each other.
template <class E>
void store_rows(E* into, int channels, const float* values, int rows) {
  for (int row = 0; row < rows; ++row, values += PANEL, into += channels) {
    store(into, load(values));
    store(into + LANES, load(values + LANES));
  }
}

template <class Kernel>
struct Layer {
  using E = typename Kernel::Element;

  LayerSpec spec;
  PartSpec part;
  bool free = false;
  bool cuts = false;  // takes its windows out of the whole map below
  int in = 0, out = 0;
  int pictures = 1, height = 0, width = 0;  // of the part that it makes
  int in_height = 0, in_width = 0;          // of the part that it reads
  Modulation modulation;
  Grid<E> input;     // what the products read
  Phases<E> phases;  // of an up-convolution; backward uses the same memory
  Product<Kernel> forward;
  Activation<E> finish;
  Grid<E> gradient;  // to the bare sums
  Product<Kernel> backward;
  ActivationGradient<E> finish_gradient;
  Grid<float> cut_gradient;  // to the windows that it cut

  bool windowed() const { return part.make_size > 0; }
  // Where T's rows begin for the window's or map's first output (filter.h).
  int first_t(int picture, int axis) const {
    return windowed() ? 1 + (finish.place.origins[2 * picture + axis] & 1) : -1;
  }
  // Where the window that it reads begins.
  int read_origin(int picture, int axis) const {
    const int made = finish.place.origins[2 * picture + axis];
    return spec.up ? (made >> 1) - 1 : made - 1;
  }

  void take(Arena& arena, const LayerWeights<Kernel>& weights, const PartSpec& given,
            const PlanSpec& plan) {
    spec = weights.spec, part = given, free = weights.free;
    in = weights.in, out = weights.out;
    cuts = windowed() && part.reads_whole;
    pictures = windowed() ? plan.points : 1;
    height = windowed() ? part.make_size : spec.height;
    width = windowed() ? part.make_size : spec.width;
    const int shrink = spec.up ? 2 : 1;
    const int read_size = spec.up ? part.make_size / 2 + 3 : part.make_size + 2;
    in_height = windowed() ? read_size : spec.height / shrink;
    in_width = windowed() ? read_size : spec.width / shrink;
    const int edge = windowed() ? 0 : 1;
    input = make_grid<E>(arena, {pictures, in_height, in_width, in}, edge, edge);
    if (spec.up) {
      phases.pictures = pictures;
      phases.planes =
          make_grid<E>(arena, {4 * pictures, in_height + edge, in_width, out}, 1, edge);
    }
    plan_forward(weights);
    take_constants(arena, weights);
    if (plan.gradients) take_gradients(arena, weights);
  }

  // A block's sums to samples of the output, from row `from` on.
  void finish_block(const Activation<E>& to, const Block& block, int from,
                    const float* values) const {
    const auto constants = to.channels(block.channel);
    each_row(block, input.pitch, width, values, [&](int y, int x, int count, const float* sums) {
      to.row(block.picture, from + y, x, count, constants, sums);
    });
  }

  // Positions of the planes, flattened: forward makes one more row of a whole map than it reads.
  int phase_positions() const {
    return windowed() ? in_height * in_width : (in_height + 1) * input.pitch;
  }

 private:
  void plan_forward(const LayerWeights<Kernel>& weights) {
    const std::ptrdiff_t pitch = input.pitch;
    if (spec.up) {  // taps that T's even rows and columns share read the sample before, too
      forward.plan(input, phase_positions(), weights.forward,
                   [=](int tap) { return -(tap / 3 / 2 * pitch) - tap % 3 / 2; });
      return;
    }
    const std::ptrdiff_t first = windowed() ? 0 : -pitch - 1;
    forward.plan(input, (height - 1) * static_cast<int>(pitch) + width, weights.forward,
                 [=](int tap) { return first + tap / 3 * pitch + tap % 3; });
  }

  void take_constants(Arena& arena, const LayerWeights<Kernel>& weights) {
    modulation = weights.modulation;
    modulation.take(arena);
    finish.place.map_height = spec.height, finish.place.map_width = spec.width;
    finish.place.noise = spec.noise;
    finish.clamp = spec.clamp, finish.bias = weights.bias;
    finish.demodulation = free ? modulation.demodulation : nullptr;
  }

  void take_gradients(Arena& arena, const LayerWeights<Kernel>& weights) {
    // An up-convolution's gradient goes through the filter first, which needs no zeros around it.
    const int edge = spec.up ? 0 : windowed() ? 2 : 1;
    gradient = make_grid<E>(arena, {pictures, height, width, out}, edge, edge);
    if (cuts) cut_gradient = make_grid<float>(arena, {pictures, in_height, in_width, in}, 0, 0);
    Grid<E> from = spec.up ? phases.planes : gradient;
    from.pictures = pictures;
    const int whole_map = (in_height - 1) * from.pitch + in_width;
    const int positions = windowed() ? in_height * in_width : whole_map;
    const std::ptrdiff_t first = windowed() ? 0 : 1;
    backward.plan(from, positions, weights.backward, [&](int tap) {
      if (spec.up) return phase_offset(tap / 3, tap % 3);
      return (first - tap / 3) * from.pitch + first - tap % 3;
    });
    finish_gradient.into = gradient;
  }

  // x[a, b] meets T[2a + row, 2b + column] in tap (row, column).
  std::ptrdiff_t phase_offset(int row, int column) const {
    const Grid<E>& planes = phases.planes;
    const int plane = 2 * (row & 1) + (column & 1);
    return plane * pictures * planes.stride + static_cast<std::ptrdiff_t>(row >> 1) * planes.pitch +
           (column >> 1);
  }
};

}  // namespace draglive
