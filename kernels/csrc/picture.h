// From w+ to pixels: all layers on whole maps, each block's colours (a modulated 1x1 convolution
// without demodulation), added up over the blocks at doubling sizes (Karras et al. 2020, 'skip').
#pragma once

#include <memory>

#include "bands.h"
#include "synthesis.h"

namespace draglive {

extern "C" {
// As kernels/synthesis_native.py fills it in.
struct ColoursSpec {
  const float* weight;         // [3, in]
  const float* affine_weight;  // [in, w_dim]
  const float* affine_bias;    // [in]
  const float* bias;           // [3]
  std::int32_t in;
  float clamp;
};
}

typedef float Colour __attribute__((vector_size(16)));  // red, green, blue, nothing

// trunc(127.5 x + 128), clipped to 0..255, NaN to 0; alpha 255.
inline void store_rgba(std::uint8_t* to, Colour colour) {
  typedef std::int32_t Levels __attribute__((vector_size(16)));
  Colour level = colour * 127.5f + 128.f;
  level = level > 0 ? level : Colour{};  // in this order NaN becomes 0
  level = level < 255 ? level : 255.f - Colour{};
  const Levels whole = __builtin_convertvector(level, Levels);
  const std::uint32_t rgba = static_cast<std::uint32_t>(whole[0]) | whole[1] << 8 | whole[2] << 16 |
                             0xff000000u;
  std::memcpy(to, &rgba, sizeof rgba);  // little-endian, as all CPUs with these kernels are
}

// A picture of floats with a border of zeros.
struct Image {
  int height = 0, width = 0;
  Colour* data = nullptr;

  void take(Arena& arena, int rows, int columns) {
    height = rows, width = columns;
    data = arena.zeros<Colour>(static_cast<std::size_t>(rows + 2) * (columns + 2));
  }
  Colour* at(int y, int x) const {
    return data + static_cast<std::ptrdiff_t>(y + 1) * (width + 2) + x + 1;
  }
  // Sample (y, x) of the picture twice as large, by the [1, 3, 3, 1] filter.
  Colour doubled(int y, int x) const {
    const int near_y = y >> 1, near_x = x >> 1;
    const int far_y = near_y + (y & 1 ? 1 : -1), far_x = near_x + (x & 1 ? 1 : -1);
    const Colour near_row = NEAR * *at(near_y, near_x) + FAR * *at(near_y, far_x);
    const Colour far_row = NEAR * *at(far_y, near_x) + FAR * *at(far_y, far_x);
    return NEAR * near_row + FAR * far_row;
  }
  // Bilinearly, pixel centres at halves, the border's value beyond the border.
  Colour sample(float v, float u) const {
    v = std::min(std::max(v, 0.f), height - 1.f), u = std::min(std::max(u, 0.f), width - 1.f);
    const int y = static_cast<int>(v), x = static_cast<int>(u);
    const int below = std::min(y + 1, height - 1), right = std::min(x + 1, width - 1);
    const float down = v - y, across = u - x;
    return (1 - down) * ((1 - across) * *at(y, x) + across * *at(y, right)) +
           down * ((1 - across) * *at(below, x) + across * *at(below, right));
  }
};

template <class Kernel>
class Picture {
 public:
  using E = typename Kernel::Element;

  Picture(const Weights<Kernel>& weights, const PlanSpec& plan, const ColoursSpec* colours)
      : synthesis_(weights, plan), blocks_((plan.layer_count + 1) / 2) {
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      blocks_[b].spec = colours[b];
      take(blocks_[b], synthesis_.layer(2 * b));
      const bool in_bands = b > 0 && Bands<Kernel>::pays(synthesis_.layer(2 * b - 1));
      take_winograd(b, plan.threads, in_bands);
      if (!in_bands) continue;
      blocks_[b].bands = std::make_unique<Bands<Kernel>>();
      blocks_[b].bands->take(synthesis_.arena(), synthesis_.layer(2 * b - 1),
                             synthesis_.layer(2 * b), plan.threads, b + 1 < blocks_.size(),
                             blocks_[b].winograd.get());
    }
  }

  // ws [num_ws, w_dim] to out [height of the last block, width, 4], from the first `count` blocks.
  void render(const float* ws, std::uint8_t* out, int count) {
    const bool all_blocks = count == static_cast<int>(blocks_.size());
    for (int b = 0; b < count; ++b) set_colours(b, ws);
    for (int b = 0; b < count; ++b) pack_winograd(blocks_[b], b);
    synthesis_.modulate(ws);
    for (int b = 0; b < count; ++b) run_block(b, all_blocks && b == count - 1 ? out : nullptr);
    if (!all_blocks) enlarge(blocks_[count - 1].image, out);
  }

  const std::vector<double>& seconds() const { return synthesis_.seconds(); }

 private:
  struct ColourBlock {
    ColoursSpec spec;
    Packed<Kernel> weights;
    Product<Kernel> product;
    Image image;
    Grid<E> from;
    Colour bias, clamp;
    std::unique_ptr<Winograd> winograd;  // of its second layer, if that is how it is convolved
    int packed = -1;                     // when: the weights' count of folds
    std::unique_ptr<Bands<Kernel>> bands;
  };

  // Block b's layers and its picture; as pixels if `out` is there.
  void run_block(int b, std::uint8_t* out) {
    const ColourBlock& block = blocks_[b];
    if (block.bands) {
      block.bands->run(synthesis_.team(), [&](const Grid<E>& output, int from, int to) {
        block.product.sweep(output.at(0, from, 0), (to - from - 1) * output.pitch + output.width,
                            [&](const Block& at, const float* values) {
                              add_colours(b, at, output.pitch, from, values, out);
                            });
      });
      synthesis_.clock(1 + 2 * b);
      return;
    }
    if (b > 0) synthesis_.run_layer(2 * b - 1);
    run_second(b);
    block.product.run(synthesis_.team(), [&](const Block& at, const float* values) {
      add_colours(b, at, block.from.pitch, 0, values, out);
    });
  }

  void run_second(int b) {
    if (!blocks_[b].winograd) return synthesis_.run_layer(2 * b);
    blocks_[b].winograd->run(synthesis_.team());
    synthesis_.clock(1 + 2 * b);
  }

  void take_winograd(int b, int threads, bool in_bands) {
    if constexpr (std::is_same_v<Kernel, Winograd::Kernel>) {
      const Layer<Kernel>& layer = synthesis_.layer(2 * b);
      if (!Winograd::pays(layer)) return;
      blocks_[b].winograd = std::make_unique<Winograd>();
      blocks_[b].winograd->take(synthesis_.arena(), layer, synthesis_.weights().layer(2 * b),
                                threads, in_bands);
    }
  }

  void pack_winograd(ColourBlock& block, int b) {
    const Weights<Kernel>& weights = synthesis_.weights();
    const bool same = block.packed >= 0 && (weights.layer(2 * b).free ||
                                            block.packed == weights.folds());
    if (!block.winograd || same) return;
    block.packed = weights.folds();
    block.winograd->pack(synthesis_.team());
  }

  void take(ColourBlock& block, const Layer<Kernel>& layer) {
    block.from = layer.finish.kept;
    const int positions = (layer.height - 1) * block.from.pitch + layer.width;
    block.weights.take(synthesis_.arena(), layer.out, PANEL, {{{0}}});
    block.weights.fill(synthesis_.team(), [](int, int) { return Taps{nullptr, 0}; });
    block.product.plan(block.from, positions, block.weights, [](int) { return 0; });
    block.image.take(synthesis_.arena(), layer.height, layer.width);
    block.bias = Colour{block.spec.bias[0], block.spec.bias[1], block.spec.bias[2], 0};
    block.clamp = block.spec.clamp - Colour{};
  }

  // This frame's weights: the style scales their inputs.
  void set_colours(int b, const float* ws) {
    ColourBlock& block = blocks_[b];
    const int w_dim = synthesis_.weights().w_dim();
    const float* w = ws + static_cast<std::ptrdiff_t>(2 * b + 1) * w_dim;
    synthesis_.team().parts(block.spec.in, [&](int from, int to) {
      for (int i = from; i < to; ++i) {
        const float* row = block.spec.affine_weight + static_cast<std::ptrdiff_t>(i) * w_dim;
        const float style = block.spec.affine_bias[i] + dot(row, w, w_dim);
        for (int k = 0; k < 3; ++k)
          block.weights.put(i, k, style * block.spec.weight[k * block.spec.in + i]);
      }
    });
  }

  // The one below doubled, plus a block of colours, from row `from` on.
  void add_colours(int b, const Block& at, int pitch, int from, const float* values,
                   std::uint8_t* out) const {
    const ColourBlock& block = blocks_[b];
    const auto add_row = [&](int row, int first, int count, const float* value) {
      const int y = from + row;
      for (int x = first; x < first + count; ++x, value += PANEL) {
        Colour colour;
        std::memcpy(&colour, value, sizeof colour);
        colour += block.bias;
        colour = colour > block.clamp ? block.clamp : colour;
        colour = colour < -block.clamp ? -block.clamp : colour;
        if (b > 0) colour += blocks_[b - 1].image.doubled(y, x);
        if (out)
          store_rgba(out + 4 * (static_cast<std::ptrdiff_t>(y) * block.image.width + x), colour);
        else
          *block.image.at(y, x) = colour;
      }
    };
    each_row(at, pitch, block.image.width, values, add_row);
  }

  void enlarge(const Image& image, std::uint8_t* out) const {
    const Image& full = blocks_.back().image;
    const float scale = static_cast<float>(image.height) / full.height;
    synthesis_.team().each(full.height, [&](int y) {
      for (int x = 0; x < full.width; ++x)
        store_rgba(out + 4 * (static_cast<std::ptrdiff_t>(y) * full.width + x),
                   image.sample((y + 0.5f) * scale - 0.5f, (x + 0.5f) * scale - 0.5f));
    });
  }

  Synthesis<Kernel> synthesis_;
  std::vector<ColourBlock> blocks_;
};

}  // namespace draglive
