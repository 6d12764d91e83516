// A block of the picture in bands of rows, so that what lies between its layers stays in the cache.
//
// An up-convolution's planes and its output are as large as the map; written and read again they
// cost more than the products. A band goes from the map below to the block's output and colours at
// once, on one thread. Rows that two bands need are made twice.
#pragma once

#include "winograd.h"

namespace draglive {

template <class Kernel>
class Bands {
 public:
  using E = typename Kernel::Element;

  // Of a block's two layers. `keep`: whether anything after the block reads its output; `winograd`:
  // of the second layer, if that is how it is convolved.
  void take(Arena& arena, const Layer<Kernel>& up, const Layer<Kernel>& conv, int threads,
            bool keep, const Winograd* winograd) {
    up_ = &up, conv_ = &conv, keep_ = keep, winograd_ = winograd;
    places_.take(threads, [&](Place& place) {
      place.planes = make_grid<E>(arena, {4, ROWS / 2 + 3, up.in_width, up.out}, 1, 1);
      place.middle = make_grid<E>(arena, {1, ROWS + 2, conv.width, conv.in}, 1, 1);
      if (winograd) winograd->take(arena, place.scratch);
    });
  }

  // Whether the planes are too large to stay in a core's cache.
  static bool pays(const Layer<Kernel>& up) {
    const std::size_t samples = static_cast<std::size_t>(up.height) * up.width;
    return up.height > 2 * ROWS && samples * up.out * sizeof(E) > CACHE;
  }

  // finish(output, from, to) for each band's rows of the block's output.
  template <class Finish>
  void run(Team team, const Finish& finish) {
    team.each((conv_->height + ROWS - 1) / ROWS, [&](int band) {
      const int from = band * ROWS, to = std::min(from + ROWS, conv_->height);
      places_.use([&](const Place& place) {
        make_planes(place, from, to);
        filter(place, from, to);
        finish(convolve(place, from, to), from, to);
      });
    });
  }

 private:
  static constexpr int ROWS = 32;
  static constexpr std::size_t CACHE = std::size_t{3} << 19;

  // What one thread works in.
  struct Place {
    Grid<E> planes;  // their memory is then the output's, if nothing reads that later
    Grid<E> middle;
    Winograd::Scratch scratch;
  };

  // T's rows that the band and a row around it are filtered from begin in this row of the planes.
  static int top(int from) { return from / 2 - 1; }

  void make_planes(const Place& place, int from, int to) const {
    const Grid<E>& planes = place.planes;
    for (int q = 0; q < 4; ++q)  // left of the first row; an output may have lain there
      std::memset(static_cast<void*>(planes.at(q, 0, -1)), 0, sizeof(E) * planes.channels);
    const int positions = ((to - from) / 2 + 3) * planes.pitch;
    up_->forward.sweep(up_->input.at(0, top(from), 0), positions,
                       [&](const Block& block, const float* values) {
                         E* into = planes.at(block.pass, 0, block.first) + block.channel;
                         store_rows(into, planes.channels, values, block.rows);
                       });
  }

  void filter(const Place& place, int from, int to) const {
    const Phases<E> phases{place.planes.beginning_at(top(from)), 1};
    const Grid<E> middle = place.middle.beginning_at(from - 1);
    Activation<E> finish = up_->finish;
    (finish.scaled.data ? finish.scaled : finish.kept) = middle;
    for (int y = from - 1; y <= to; ++y)
      if (y < 0 || y >= up_->height)
        std::memset(static_cast<void*>(middle.at(0, y, 0)), 0,
                    sizeof(E) * middle.channels * up_->width);
      else
        for (int channel = 0; channel < up_->out; channel += PANEL)
          filter_row(phases, 0, y, up_->width, up_->first_t(0, 1), up_->first_t(0, 0), channel,
                     finish);
  }

  Grid<E> convolve(const Place& place, int from, int to) const {
    Activation<E> finish = conv_->finish;
    if (!keep_) {
      finish.kept = place.middle;
      finish.kept.data = place.planes.data;
      finish.kept = finish.kept.beginning_at(from);
    }
    const Grid<E>& middle = place.middle;
    if constexpr (std::is_same_v<Kernel, Winograd::Kernel>)
      if (winograd_) {
        winograd_->sweep(middle.beginning_at(from - 1), from, to, finish, place.scratch);
        return finish.kept;
      }
    conv_->forward.sweep(middle.at(0, 1, 0), (to - from - 1) * middle.pitch + conv_->width,
                         [&](const Block& block, const float* values) {
                           conv_->finish_block(finish, block, from, values);
                         });
    return finish.kept;
  }

  const Layer<Kernel>* up_ = nullptr;
  const Layer<Kernel>* conv_ = nullptr;
  bool keep_ = true;
  const Winograd* winograd_ = nullptr;
  Places<Place> places_;
};

}  // namespace draglive
