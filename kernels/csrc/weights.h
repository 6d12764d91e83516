// A network's constants as the kernels want them: packed once, shared by every plan's synthesis
// and by the picture.
//
// The first `free` layers' weights are bare: their styles change with every step. The others' have
// style and demodulation in them (`fold`), for one picture at a time.
#pragma once

#include "modulation.h"

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
  float clamp;
};

struct NetworkSpec {
  const LayerSpec* layers;
  const float* start;  // [C, 4, width]
  std::int32_t layer_count, start_width, w_dim;
  std::int32_t free;  // layers that get gradients to their w
  std::int32_t back;  // layers that gradients go back through
  std::int32_t threads;
  std::int32_t bfloat16;
};
}

template <class Kernel>
struct LayerWeights {
  LayerSpec spec;
  bool free = false;
  int in = 0, out = 0;
  Modulation modulation;  // a fixed layer's: what is in its weights
  float* bias = nullptr;
  Packed<Kernel> forward, backward;

  void take(Arena& arena, Team team, const LayerSpec& given, int w_dim, bool goes_back) {
    spec = given;
    in = padded(spec.in), out = padded(spec.out);
    // T[2a, 2b] has four taps, T[2a, 2b+1] and T[2a+1, 2b] two, T[2a+1, 2b+1] one (filter.h).
    const std::vector<Pass> rows{{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}}};
    const std::vector<Pass> planes{{{0, 2}, {6, 8}}, {{1}, {7}}, {{3, 5}}, {{4}}};
    const std::vector<Pass> planes_back{{{0, 2}, {1}, {3, 5}, {4}, {6, 8}, {7}}};
    forward.take(arena, in, out, spec.up ? planes : rows);
    if (goes_back) backward.take(arena, out, in, spec.up ? planes_back : rows);
    modulation.affine_weight = spec.affine_weight, modulation.affine_bias = spec.affine_bias;
    modulation.in = spec.in, modulation.out = spec.out, modulation.w_dim = w_dim;
    modulation.energy = energy(arena, team);
    modulation.take(arena);
    bias = arena.zeros<float>(out);
    std::memcpy(bias, spec.bias, sizeof(float) * spec.out);
  }

  // From input i to output o.
  Taps taps(int i, int o) const {
    if (i >= spec.in || o >= spec.out) return {nullptr, 0};
    const float* weights = spec.weight + (static_cast<std::ptrdiff_t>(o) * spec.in + i) * 9;
    return {weights, free ? 1 : modulation.style[i] * modulation.demodulation[o]};
  }

  void pack(Team team) const {
    forward.fill(team, [&](int k, int n) { return taps(k, n); });
    if (backward.passes() > 0) backward.fill(team, [&](int k, int n) { return taps(n, k); });
  }

 private:
  // The squared weights summed over the taps, [out, in].
  const float* energy(Arena& arena, Team team) const {
    float* sums = arena.take<float>(static_cast<std::size_t>(spec.in) * spec.out);
    team.parts(spec.in * spec.out, [&](int from, int to) {
      for (int i = from; i < to; ++i) {
        const float* weights = spec.weight + static_cast<std::ptrdiff_t>(i) * 9;
        float total = 0;
        for (int tap = 0; tap < 9; ++tap) total += weights[tap] * weights[tap];
        sums[i] = total;
      }
    });
    return sums;
  }
};

class AnyWeights {
 public:
  explicit AnyWeights(bool is_bfloat16) : bfloat16(is_bfloat16) {}
  virtual ~AnyWeights() = default;
  virtual void fold(const float* ws) = 0;
  const bool bfloat16;
};

template <class Kernel>
class Weights final : public AnyWeights {
 public:
  explicit Weights(const NetworkSpec& spec)
      : AnyWeights(spec.bfloat16 != 0), spec_(spec), layers_(spec.layer_count) {
    const Team team{spec.threads};
    for (int i = 0; i < spec.layer_count; ++i) {
      layers_[i].free = i < spec.free;
      layers_[i].take(arena_, team, spec.layers[i], spec.w_dim, i < spec.back);
      if (layers_[i].free) layers_[i].pack(team);
    }
    copy_start();
  }

  // Fixed layers' weights from w+ [num_ws, w_dim].
  void fold(const float* ws) override {
    const Team team{spec_.threads};
    for (int i = spec_.free; i < spec_.layer_count; ++i) {
      const Modulation& modulation = layers_[i].modulation;
      modulation.set_style(ws + static_cast<std::ptrdiff_t>(i) * spec_.w_dim, 0, modulation.in);
      modulation.set_demodulation(0, modulation.out);
      layers_[i].pack(team);
    }
    ++folds_;
  }

  int folds() const { return folds_; }  // so far
  const LayerWeights<Kernel>& layer(int i) const { return layers_[i]; }
  int free() const { return spec_.free; }
  int w_dim() const { return spec_.w_dim; }
  int start_width() const { return spec_.start_width; }
  const float* start() const { return start_; }  // [4, width, channels]

 private:
  void copy_start() {
    const LayerWeights<Kernel>& first = layers_[0];
    const int samples = 4 * spec_.start_width;
    start_ = arena_.zeros<float>(static_cast<std::size_t>(samples) * first.in);
    for (int c = 0; c < first.spec.in; ++c)
      for (int s = 0; s < samples; ++s) start_[s * first.in + c] = spec_.start[c * samples + s];
  }

  Arena arena_;
  NetworkSpec spec_;
  std::vector<LayerWeights<Kernel>> layers_;
  float* start_ = nullptr;
  int folds_ = 0;
};

}  // namespace draglive
