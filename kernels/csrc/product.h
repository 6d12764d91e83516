// A convolution as products over taps: every position of a grid, every panel of outputs.
#pragma once

#include <algorithm>

#include "packed.h"

namespace draglive {

// Where a block of results belongs.
struct Block {
  int picture, first, rows;  // positions of the picture, flattened by the grid's pitch
  int channel;               // the panel's first output channel
  int pass;
  int chunk;         // partial sums over positions are kept for each chunk
  bool opens_chunk;  // the first block of this chunk and panel
};

// take(y, x, count, values) for a block's positions row by row, those beyond the width left out.
template <class Take>
void each_row(const Block& block, int pitch, int width, const float* values, const Take& take) {
  int y = block.first / pitch, x = block.first % pitch;
  for (int done = 0; done < block.rows;) {
    const int left = block.rows - done;
    if (x < width) take(y, x, std::min(width - x, left), values + done * 2 * LANES);
    done += std::min(pitch - x, left);
    x = 0, ++y;
  }
}

template <class Kernel>
class Product {
 public:
  using Element = typename Kernel::Element;

  // Reads `in` from sample (0, 0) on, `positions` a picture; tap t reads offset_of(t) samples from
  // its position. The weights stay where they are as long as this.
  template <class OffsetOf>
  void plan(const Grid<Element>& in, int positions, const Packed<Kernel>& weights,
            OffsetOf offset_of) {
    in_ = in, positions_ = positions, weights_ = &weights;
    for (const auto& step : weights.steps())
      offsets_.push_back(offset_of(step.tap) * in.channels + step.slice);
  }

  int chunks() const { return (blocks() + CHUNK - 1) / CHUNK; }

  // finish(block, values): values[row][channel] of each block, while they are hot.
  template <class Finish>
  void run(Team team, const Finish& finish) const {
    const int panels = weights_->panels();
    team.each(chunks() * panels, [&](int item) {
      Kernel::begin();
      run_chunk(item / panels, item % panels, finish);
      Kernel::end();
    });
  }

  // The same for the `positions` from `from` on, by this thread alone.
  template <class Finish>
  void sweep(const Element* from, int positions, const Finish& finish) const {
    alignas(64) float values[Kernel::positions * Kernel::outputs];
    Kernel::begin();
    for (int panel = 0; panel < weights_->panels(); ++panel)
      for (int pass = 0; pass < weights_->passes(); ++pass)
        for (int first = 0; first < positions; first += Kernel::positions) {
          const int rows = std::min(Kernel::positions, positions - first);
          const Block block{0, first, rows, panel * Kernel::outputs, pass, 0, false};
          multiply(block, from + static_cast<std::ptrdiff_t>(first) * in_.channels, panel, values);
          finish(block, values);
        }
    Kernel::end();
  }

 private:
  static constexpr int CHUNK = 16;  // blocks: their activations stay in the L2 cache

  int picture_blocks() const { return (positions_ + Kernel::positions - 1) / Kernel::positions; }
  int blocks() const { return in_.pictures * picture_blocks(); }

  template <class Finish>
  void run_chunk(int chunk, int panel, const Finish& finish) const {
    alignas(64) float values[Kernel::positions * Kernel::outputs];
    const int first = static_cast<int>(static_cast<long>(blocks()) * chunk / chunks());
    const int last = static_cast<int>(static_cast<long>(blocks()) * (chunk + 1) / chunks());
    for (int pass = 0; pass < weights_->passes(); ++pass)
      for (int index = first; index < last; ++index) {
        Block block;
        block.picture = index / picture_blocks();
        block.first = index % picture_blocks() * Kernel::positions;
        block.rows = std::min(Kernel::positions, positions_ - block.first);
        block.channel = panel * Kernel::outputs, block.pass = pass;
        block.chunk = chunk, block.opens_chunk = index == first && pass == 0;
        multiply(block, in_.at(block.picture, 0, block.first), panel, values);
        finish(block, values);
      }
  }

  void multiply(const Block& block, const Element* from, int panel, float* values) const {
    const int start = weights_->start(block.pass);
    Kernel::multiply(from, in_.channels, offsets_.data() + start, weights_->end(block.pass) - start,
                     weights_->at(panel, start), block.rows, values);
  }

  Grid<Element> in_;
  int positions_ = 0;
  const Packed<Kernel>* weights_ = nullptr;
  std::vector<std::ptrdiff_t> offsets_;  // of each step, in values
};

}  // namespace draglive
