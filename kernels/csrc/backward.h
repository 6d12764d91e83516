// The stages of a layer's backward. Gradients to weights are never made.
//
//     dL/d(output) --activation--> dL/d(sums) --[filter]--> planes --products--> dL/d(what it read)
//
// The last of these is finished at once to the gradient to the sums of the layer below, while the
// block is hot. Only a layer that cut its windows out of a map first stores it: windows overlap,
// and each sample of the map then gathers from them in the points' order.
#pragma once

#include "layer.h"

namespace draglive {

constexpr int ROW_CHUNKS = 8;  // chunks of partial sums, of stages that go row by row

// The activation's gradient for all samples of a layer: fetch(picture, y, x, channel) is dL/d(its
// output, or what the next layer reads).
template <class Kernel, class Fetch>
void gradient_of_rows(const Layer<Kernel>& layer, Team team, Fetch fetch) {
  const auto& finish = layer.finish_gradient;
  const int panels = layer.out / PANEL, rows = layer.pictures * layer.height;
  team.each(ROW_CHUNKS * panels, [&](int item) {
    const int chunk = item / panels, channel = item % panels * PANEL;
    const auto constants = finish.forward.channels(channel);
    typename std::decay_t<decltype(finish)>::Totals totals;
    for (int row = rows * chunk / ROW_CHUNKS; row < rows * (chunk + 1) / ROW_CHUNKS; ++row) {
      const int p = row / layer.height, y = row % layer.height;
      for (int x = 0; x < layer.width; ++x) {
        const Lanes gradient[2] = {fetch(p, y, x, channel), fetch(p, y, x, channel + LANES)};
        finish(p, y, x, constants, gradient, totals);
      }
    }
    finish.add(totals, chunk, channel, true);
  });
}

template <class Kernel, class G>
void gradient_of_features(const Layer<Kernel>& layer, Team team, const G* gradient) {
  gradient_of_rows(layer, team, [&](int p, int y, int x, int channel) {
    const std::ptrdiff_t sample = (static_cast<std::ptrdiff_t>(p) * layer.height + y) * layer.width;
    return load(gradient + (sample + x) * layer.out + channel);
  });
}

template <class Kernel>
void filter_backward(const Layer<Kernel>& layer, Team team) {
  // The planes' rows and columns that the products read.
  const int rows = layer.windowed() ? 2 * layer.in_height : 2 * layer.in_height + 1;
  const int columns = layer.windowed() ? 2 * layer.in_width : 2 * layer.in_width + 1;
  const int groups = layer.out / LANES;
  team.parts(layer.pictures * rows * groups, [&](int from, int to) {
    for (int item = from; item < to; ++item) {
      const int row = item / groups, channel = item % groups * LANES;
      const int p = row / rows, t = row % rows;
      filter_row_backward(layer.phases, layer.gradient, p, t, columns, layer.first_t(p, 1),
                          layer.first_t(p, 0), channel);
    }
  });
}

// Runs a layer's backward products: take(picture, y, x, constants, gradient, totals) for each
// sample that it read, close(block, totals) after each block.
template <class Kernel, class Constants, class Take, class Close>
void run_backward(const Layer<Kernel>& layer, Team team, Constants constants_of, Take take,
                  Close close) {
  const int pitch = layer.spec.up ? layer.phases.planes.pitch : layer.gradient.pitch;
  layer.backward.run(team, [&](const Block& block, const float* values) {
    const auto constants = constants_of(block.channel);
    typename ActivationGradient<typename Kernel::Element>::Totals totals;
    int y = block.first / pitch, x = block.first % pitch;
    for (int row = 0; row < block.rows; ++row, values += PANEL) {
      if (x < layer.in_width) {
        const Lanes gradient[2] = {load(values), load(values + LANES)};
        take(block.picture, y, x, constants, gradient, totals);
      }
      if (++x == pitch) x = 0, ++y;
    }
    close(block, totals);
  });
}

template <class Kernel>
void gradient_of_input(const Layer<Kernel>& layer, const Layer<Kernel>& below, Team team) {
  const auto& finish = below.finish_gradient;
  run_backward(
      layer, team, [&](int channel) { return finish.forward.channels(channel); },
      [&](int p, int y, int x, const auto& constants, const Lanes* gradient, auto& totals) {
        finish(p, y, x, constants, gradient, totals);
      },
      [&](const Block& block, const auto& totals) {
        finish.add(totals, block.chunk, block.channel, block.opens_chunk);
      });
}

template <class Kernel>
void gradient_of_windows(const Layer<Kernel>& layer, Team team) {
  run_backward(
      layer, team, [](int channel) { return channel; },
      [&](int p, int y, int x, int channel, const Lanes* gradient, auto&) {
        float* into = layer.cut_gradient.at(p, y, x) + channel;
        store(into, gradient[0]);
        store(into + LANES, gradient[1]);
      },
      [](const Block&, const auto&) {});
}

// The map's gradient from that of the windows that `layer` cut out of it.
template <class Kernel>
void gather_windows(const Layer<Kernel>& layer, const Layer<Kernel>& map, Team team) {
  gradient_of_rows(map, team, [&](int, int y, int x, int channel) {
    Lanes total = all(0);
    for (int p = 0; p < layer.pictures; ++p) {
      const int window_y = y - layer.read_origin(p, 1), window_x = x - layer.read_origin(p, 0);
      if (window_y >= 0 && window_y < layer.in_height && window_x >= 0 &&
          window_x < layer.in_width)
        total += load(layer.cut_gradient.at(p, window_y, window_x) + channel);
    }
    return total;
  });
}

// Below the first layer lies the constant: only its style has a gradient.
template <class Kernel>
void style_gradient_of_start(const Layer<Kernel>& layer, Team team, const float* start,
                             int start_width) {
  if (!layer.free) return;
  using Finish = ActivationGradient<typename Kernel::Element>;
  run_backward(
      layer, team, [](int channel) { return channel; },
      [&](int, int y, int x, int channel, const Lanes* gradient, auto& totals) {
        const float* at = start + static_cast<std::ptrdiff_t>(y * start_width + x) * layer.in;
        for (int h = 0; h < 2; ++h)
          totals.style[h] += gradient[h] * load(at + channel + h * LANES);
      },
      [&](const Block& block, const auto& totals) {
        for (int h = 0; h < 2; ++h)
          Finish::add_to(layer.modulation.style_sums, block.chunk, block.channel + h * LANES,
                         totals.style[h], block.opens_chunk);
      });
}

}  // namespace draglive
