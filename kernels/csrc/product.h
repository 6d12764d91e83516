// A convolution as products over taps: every position of a grid, every panel of outputs.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "micro.h"
#include "pool.h"

namespace draglive {

// A tap: which of the 3x3 weights, and how far from the position it reads.
struct Tap {
  int weight;             // 3 * row + column
  std::ptrdiff_t offset;  // in samples
};

// The weights of one input and one output, and what they are multiplied with.
struct Taps {
  const float* weights;  // [9]; null: zeros
  float factor;
};

// Taps whose reads overlap: they run one after the other for the same channels.
using TapGroup = std::vector<Tap>;

// The products of one output: all its tap groups. An up-convolution has four.
struct Pass {
  std::vector<TapGroup> groups;
};

// Where a block of results belongs.
struct Block {
  int picture, first, rows;  // positions of the picture, flattened by the grid's pitch
  int channel;               // the panel's first output channel
  int pass;
  int chunk;         // partial sums over positions are kept for each chunk
  bool opens_chunk;  // the first block of this chunk and panel
};

template <class Kernel>
class Product {
 public:
  using Element = typename Kernel::Element;

  // Reads `in` from sample (0, 0) on: `positions` a picture, to `out_channels` (padded).
  void plan(Arena& arena, const Grid<Element>& in, int positions, int out_channels,
            std::vector<Pass> passes) {
    in_ = in, positions_ = positions, panels_ = out_channels / Kernel::outputs;
    passes_ = std::move(passes);
    starts_.assign(1, 0);
    for (const Pass& pass : passes_) {
      for (const TapGroup& group : pass.groups)
        for (int slice = 0; slice < in.channels; slice += DEPTH)
          for (const Tap& tap : group) {
            offsets_.push_back(tap.offset * in.channels + slice);
            order_.push_back({tap.weight, slice});
          }
      starts_.push_back(static_cast<int>(offsets_.size()));
    }
    weights_ = arena.take<Element>(offsets_.size() * panel_step() * panels_);
  }

  int steps() const { return static_cast<int>(offsets_.size()); }
  int chunks() const { return (blocks() + CHUNK - 1) / CHUNK; }

  // Put weights in place: taps_of(k, n) are those from input k to output n.
  template <class TapsOf>
  void pack(Team team, TapsOf taps_of) {
    team.each(panels_ * (in_.channels / DEPTH), [&](int item) {
      const int panel = item % panels_, slice = item / panels_ * DEPTH;
      std::vector<std::pair<int, Element*>> into;  // tap, tile
      for (int step = 0; step < steps(); ++step)
        if (order_[step].second == slice)
          into.push_back({order_[step].first, weights(panel, step)});
      for (int n = 0; n < Kernel::outputs; ++n)
        for (int k = 0; k < DEPTH; ++k) {
          const Taps taps = taps_of(slice + k, panel * Kernel::outputs + n);
          for (const auto& [tap, tile] : into)
            store_one(tile + Kernel::packed_index(k, n),
                      taps.weights ? taps.weights[tap] * taps.factor : 0.f);
        }
    });
  }

  // One weight of a product with a single tap.
  void put(int k, int n, float value) {
    store_one(weights(n / Kernel::outputs, k / DEPTH) +
                  Kernel::packed_index(k % DEPTH, n % Kernel::outputs),
              value);
  }

  // finish(block, values): values[row][channel] of each block, while they are hot.
  template <class Finish>
  void run(Team team, const Finish& finish) const {
    team.each(chunks() * panels_, [&](int item) {
      Kernel::begin();
      run_chunk(item / panels_, item % panels_, finish);
      Kernel::end();
    });
  }

 private:
  static constexpr int CHUNK = 16;  // blocks: their activations stay in the L2 cache

  static constexpr std::size_t panel_step() { return DEPTH * Kernel::outputs; }
  Element* weights(int panel, int step) const {
    return weights_ + (static_cast<std::size_t>(panel) * steps() + step) * panel_step();
  }
  int picture_blocks() const { return (positions_ + Kernel::positions - 1) / Kernel::positions; }
  int blocks() const { return in_.pictures * picture_blocks(); }

  template <class Finish>
  void run_chunk(int chunk, int panel, const Finish& finish) const {
    alignas(64) float values[Kernel::positions * Kernel::outputs];
    const int first = static_cast<int>(static_cast<long>(blocks()) * chunk / chunks());
    const int last = static_cast<int>(static_cast<long>(blocks()) * (chunk + 1) / chunks());
    for (int pass = 0; pass < static_cast<int>(passes_.size()); ++pass)
      for (int index = first; index < last; ++index) {
        Block block;
        block.picture = index / picture_blocks();
        block.first = index % picture_blocks() * Kernel::positions;
        block.rows = std::min(Kernel::positions, positions_ - block.first);
        block.channel = panel * Kernel::outputs, block.pass = pass;
        block.chunk = chunk, block.opens_chunk = index == first && pass == 0;
        Kernel::multiply(in_.at(block.picture, 0, block.first), in_.channels,
                         offsets_.data() + starts_[pass], starts_[pass + 1] - starts_[pass],
                         weights(panel, starts_[pass]), block.rows, values);
        finish(block, values);
      }
  }

  Grid<Element> in_;
  int positions_ = 0, panels_ = 0;
  std::vector<Pass> passes_;
  std::vector<int> starts_;                  // of each pass's steps
  std::vector<std::ptrdiff_t> offsets_;      // of each step, in values
  std::vector<std::pair<int, int>> order_;   // each step's tap and first channel
  Element* weights_ = nullptr;
};

}  // namespace draglive
