// Weights in the order in which the products read them. That depends on the taps' order only, not
// on the size of what is read, so one packing serves every plan.
#pragma once

#include <utility>
#include <vector>

#include "micro.h"
#include "pool.h"

namespace draglive {

// Taps (3 * row + column) whose reads overlap: they run one after the other for the same channels.
using TapGroup = std::vector<int>;

// The products of one output. An up-convolution has four.
using Pass = std::vector<TapGroup>;

// The weights of one input and one output, and what they are multiplied with.
struct Taps {
  const float* weights;  // [9]; null: zeros
  float factor;
};

template <class Kernel>
class Packed {
 public:
  using Element = typename Kernel::Element;

  struct Step {
    int tap, slice;  // slice: the first of its input channels
  };

  // Channels are padded ones.
  void take(Arena& arena, int in, int out, const std::vector<Pass>& passes) {
    in_ = in, panels_ = out / Kernel::outputs;
    for (const Pass& pass : passes) {
      for (const TapGroup& group : pass)
        for (int slice = 0; slice < in; slice += DEPTH)
          for (int tap : group) steps_.push_back({tap, slice});
      ends_.push_back(static_cast<int>(steps_.size()));
    }
    data_ = arena.take<Element>(steps_.size() * STEP * panels_);
  }

  const std::vector<Step>& steps() const { return steps_; }
  int panels() const { return panels_; }
  int passes() const { return static_cast<int>(ends_.size()); }
  int start(int pass) const { return pass == 0 ? 0 : ends_[pass - 1]; }  // of its steps
  int end(int pass) const { return ends_[pass]; }

  Element* at(int panel, int step) const {
    return data_ + (static_cast<std::size_t>(panel) * steps_.size() + step) * STEP;
  }

  // Put weights in place: taps_of(k, n) are those from input k to output n.
  template <class TapsOf>
  void fill(Team team, TapsOf taps_of) const {
    team.each(panels_ * (in_ / DEPTH), [&](int item) {
      const int panel = item % panels_, slice = item / panels_ * DEPTH;
      std::vector<std::pair<int, Element*>> into;  // tap, tile
      for (int step = 0; step < static_cast<int>(steps_.size()); ++step)
        if (steps_[step].slice == slice) into.push_back({steps_[step].tap, at(panel, step)});
      for (int n = 0; n < Kernel::outputs; ++n)
        for (int k = 0; k < DEPTH; ++k) {
          const Taps taps = taps_of(slice + k, panel * Kernel::outputs + n);
          for (const auto& [tap, tile] : into)
            store_one(tile + Kernel::packed_index(k, n),
                      taps.weights ? taps.weights[tap] * taps.factor : 0.f);
        }
    });
  }

  // One weight of a single tap.
  void put(int k, int n, float value) const {
    store_one(at(n / Kernel::outputs, k / DEPTH) +
                  Kernel::packed_index(k % DEPTH, n % Kernel::outputs),
              value);
  }

 private:
  static constexpr std::size_t STEP = DEPTH * Kernel::outputs;

  int in_ = 0, panels_ = 0;
  std::vector<Step> steps_;
  std::vector<int> ends_;  // of each pass's steps
  Element* data_ = nullptr;
};

}  // namespace draglive
