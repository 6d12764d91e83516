// The layers of a synthesis network one after the other, forward and backward, stage by stage.
//
// The items of a stage are shared by a team of threads (pool.h). What they write depends on neither
// the number of threads nor their order, so results repeat bit for bit.
#pragma once

#include <chrono>

#include "backward.h"

namespace draglive {

template <class Kernel>
class Synthesis {
 public:
  using E = typename Kernel::Element;

  Synthesis(const Weights<Kernel>& weights, const PlanSpec& plan)
      : weights_(weights), plan_(plan), free_(std::min(weights.free(), plan.layer_count)),
        team_{plan.threads}, layers_(plan.layer_count) {
    for (int i = 0; i < plan.layer_count; ++i)
      layers_[i].take(arena_, weights.layer(i), plan.layers[i], plan);
    for (int i = 0; i < plan.layer_count; ++i) link_forward(i);
    if (plan.gradients)
      for (int i = 0; i < plan.layer_count; ++i) link_backward(i);
    ones_ = arena_.take<float>(layers_[0].in);
    std::fill(ones_, ones_ + layers_[0].in, 1.f);
    scale_start();
    seconds_.assign(2 * plan.layer_count + 3, 0.);
  }

  void forward(const float* ws, const std::int32_t* origins) {
    set_origins(origins);
    modulate(ws);
    for (int i = 0; i < plan_.layer_count; ++i) run_layer(i);
  }

  // dL/dF (E or float, as the features lie) to dL/dw, float [free, w_dim].
  template <class G>
  void backward(const G* feature_gradient, float* w_gradient) {
    clock(-1);
    gradient_of_features(layers_.back(), team_, feature_gradient);
    clock(plan_.layer_count + 1);
    for (int i = plan_.layer_count - 1; i >= 0; --i) {
      run_layer_backward(i);
      clock(plan_.layer_count + 2 + i);
    }
    set_w_gradients(w_gradient);
    clock(2 * plan_.layer_count + 2);
  }

  const std::vector<double>& seconds() const { return seconds_; }
  Layer<Kernel>& layer(int i) { return layers_[i]; }
  Arena& arena() { return arena_; }
  const Weights<Kernel>& weights() const { return weights_; }
  Team team() const { return team_; }

  // Styles and demodulations of the free layers, and the constant times the first style.
  void modulate(const float* ws) {
    clock(-1);
    each_free([&](int i, const Modulation& modulation, int part) {
      const auto [from, to] = share(modulation.in, part);
      modulation.set_style(ws + static_cast<std::ptrdiff_t>(i) * weights_.w_dim(), from, to);
    });
    each_free([&](int, const Modulation& modulation, int part) {
      const auto [from, to] = share(modulation.out, part);
      modulation.set_demodulation(from, to);
    });
    scale_start();
    clock(0);
  }

  void run_layer(int i) {
    Layer<Kernel>& layer = layers_[i];
    if (layer.cuts) cut(layer, layers_[i - 1]);
    if (layer.spec.up) {
      transpose_convolve(layer);
      filter(layer);
    } else {
      convolve(layer);
    }
    clock(1 + i);
  }

  // The time since the last call, for `seconds`.
  void clock(int stage) {
    const auto now = std::chrono::steady_clock::now();
    if (stage >= 0) seconds_[stage] = std::chrono::duration<double>(now - last_clock_).count();
    last_clock_ = now;
  }

 private:
  static constexpr int PARTS = 4;  // of a layer's channels, for what goes layer by layer

  static std::pair<int, int> share(int channels, int part) {
    return {channels * part / PARTS, channels * (part + 1) / PARTS};
  }

  // work(layer, its modulation, part) for all free layers.
  template <class Work>
  void each_free(const Work& work) const {
    team_.each(free_ * PARTS, [&](int item) {
      work(item / PARTS, layers_[item / PARTS].modulation, item % PARTS);
    });
  }

  // Layer i writes into the grid that layer i + 1 reads, or keeps its output for it to cut.
  void link_forward(int i) {
    Layer<Kernel>& layer = layers_[i];
    const Shape shape{layer.pictures, layer.height, layer.width, layer.out};
    const bool last = i + 1 == plan_.layer_count;
    if (last && plan_.features) {
      const std::ptrdiff_t samples = static_cast<std::ptrdiff_t>(shape.height) * shape.width;
      layer.finish.kept = {static_cast<E*>(plan_.features), shape.pictures, shape.height,
                           shape.width, shape.width, samples, shape.channels};
      std::memset(plan_.features, 0xff, sizeof(E) * samples * shape.pictures * shape.channels);
      return;
    }
    const bool next_scales = !last && !layers_[i + 1].cuts && i + 1 < free_;
    if (next_scales) {
      layer.finish.scaled = layers_[i + 1].input;
      layer.finish.next_style = layers_[i + 1].modulation.style;
    }
    const bool ends_block = i % 2 == 0;  // a picture's colours are made of it
    if (last || layers_[i + 1].cuts || (next_scales && (plan_.gradients || ends_block)))
      layer.finish.kept = make_grid<E>(arena_, shape, 0, 0);
    else if (!next_scales)
      layer.finish.kept = layers_[i + 1].input;
  }

  // Layer i + 1's backward makes the gradient to layer i's sums, with both layers' own sums.
  void link_backward(int i) {
    Layer<Kernel>& layer = layers_[i];
    layer.finish_gradient.forward = layer.finish;
    layer.finish_gradient.forward.clamp = rounded<E>(layer.finish.clamp);
    if (!layer.free) return;
    const bool by_rows = i + 1 == plan_.layer_count || layers_[i + 1].cuts;
    layer.modulation.output_sums.take(
        arena_, by_rows ? ROW_CHUNKS : layers_[i + 1].backward.chunks(), layer.out);
    layer.modulation.style_sums.take(
        arena_, layer.cuts ? ROW_CHUNKS : layer.backward.chunks(), layer.in);
    layer.finish_gradient.own_output_sums = layer.modulation.output_sums;
    if (i == 0) return;
    layers_[i - 1].finish_gradient.next_style_sums = layer.modulation.style_sums;
    layers_[i - 1].finish_gradient.forward.next_style = layer.modulation.style;
  }

  void run_layer_backward(int i) {
    const Layer<Kernel>& layer = layers_[i];
    if (layer.spec.up) filter_backward(layer, team_);
    if (i == 0) {
      style_gradient_of_start(layer, team_, weights_.start(), weights_.start_width());
    } else if (layer.cuts) {
      gradient_of_windows(layer, team_);
      gather_windows(layer, layers_[i - 1], team_);
    } else {
      gradient_of_input(layer, layers_[i - 1], team_);
    }
  }

  void set_w_gradients(float* gradient) {
    each_free([&](int, const Modulation& modulation, int part) {
      const auto [from, to] = share(modulation.out, part);
      modulation.sum_chunks(from, to);
    });
    each_free([&](int, const Modulation& modulation, int part) {
      const auto [from, to] = share(modulation.in, part);
      modulation.finish_style_gradient(from, to);
    });
    each_free([&](int i, const Modulation& modulation, int part) {
      const auto [from, to] = share(weights_.w_dim(), part);
      float* own = gradient + static_cast<std::ptrdiff_t>(i) * weights_.w_dim();
      modulation.set_w_gradient(own, from, to);
    });
  }

  void scale_start() {
    const Layer<Kernel>& first = layers_[0];
    const float* style = first.free ? first.modulation.style : ones_;
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < weights_.start_width(); ++x)
        for (int c = 0; c < first.in; c += LANES)
          store(first.input.at(0, y, x) + c, load(start_at(y, x) + c) * load(style + c));
  }

  const float* start_at(int y, int x) const {
    const std::ptrdiff_t sample = y * weights_.start_width() + x;
    return weights_.start() + sample * layers_[0].in;
  }

  void set_origins(const std::int32_t* origins) {
    for (int i = 0; i < plan_.layer_count; ++i) {
      const std::int32_t* own =
          layers_[i].windowed() ? origins + static_cast<std::ptrdiff_t>(i) * plan_.points * 2
                                : nullptr;
      layers_[i].finish.place.origins = own;
      layers_[i].finish_gradient.forward.place.origins = own;
    }
  }

  void cut(Layer<Kernel>& layer, const Layer<Kernel>& below) {
    const Grid<E>& map = below.finish.kept;
    team_.each(layer.pictures * layer.in_height, [&](int row) {
      const int p = row / layer.in_height, y = row % layer.in_height;
      const int map_y = y + layer.read_origin(p, 1);
      for (int x = 0; x < layer.in_width; ++x) {
        const int map_x = x + layer.read_origin(p, 0);
        const bool inside = map_y >= 0 && map_y < map.height && map_x >= 0 && map_x < map.width;
        for (int c = 0; c < layer.in; c += LANES) {
          Lanes value = inside ? load(map.at(0, map_y, map_x) + c) : all(0);
          if (layer.free) value *= load(layer.modulation.style + c);
          store(layer.input.at(p, y, x) + c, value);
        }
      }
    });
  }

  void convolve(const Layer<Kernel>& layer) {
    layer.forward.run(team_, [&](const Block& block, const float* values) {
      layer.finish_block(layer.finish, block, 0, values);
    });
  }

  void transpose_convolve(const Layer<Kernel>& layer) {
    layer.forward.run(team_, [&](const Block& block, const float* values) {
      const int plane = block.pass * layer.pictures + block.picture;
      E* into = layer.phases.planes.at(plane, 0, block.first) + block.channel;
      store_rows(into, layer.out, values, block.rows);
    });
  }

  void filter(const Layer<Kernel>& layer) {
    const int panels = layer.out / PANEL;
    team_.parts(layer.pictures * layer.height * panels, [&](int from, int to) {
      for (int item = from; item < to; ++item) {
        const int row = item / panels, channel = item % panels * PANEL;
        const int p = row / layer.height, y = row % layer.height;
        filter_row(layer.phases, p, y, layer.width, layer.first_t(p, 1), layer.first_t(p, 0),
                   channel, layer.finish);
      }
    });
  }

  Arena arena_;
  const Weights<Kernel>& weights_;
  const PlanSpec plan_;
  const int free_;  // layers
  Team team_;
  std::vector<Layer<Kernel>> layers_;
  float* ones_ = nullptr;
  std::vector<double> seconds_;  // modulation, layers; gradient of the last, layers backward
  std::chrono::steady_clock::time_point last_clock_;
};

}  // namespace draglive
