// The [1, 3, 3, 1] filter between a stride-2 transposed convolution and the map twice as large.
//
// The transposed convolution's output T is kept as four phase planes, by the parity of row and
// column: plane (t & 1, s & 1) holds T[t][s] at (t >> 1, s >> 1). Of each plane a convolution makes
// (forward) or reads (backward) the same grid as the small map's:
//
//      T  e o e o e        e: even, o: odd           out[j] = T[j+f]/4 + 3 T[j+f+1]/4
//         o o o o o        filter: 4 rows and                 + 3 T[j+f+2]/4 + T[j+f+3]/4
//         e o e o e        4 columns, 1 step each    and the same across
//
// f is where the first output's four rows begin.
#pragma once

#include "activation.h"

namespace draglive {

template <class E>
struct Phases {
  Grid<E> planes;  // picture p of plane q is picture q · pictures + p
  int pictures = 0;

  E* at(int picture, int t, int s) const {
    const int plane = 2 * (t & 1) + (s & 1);
    return planes.at(plane * pictures + picture, t >> 1, s >> 1);
  }
};

constexpr float NEAR = 0.75f, FAR = 0.25f;

inline Lanes filtered(Lanes a, Lanes b, Lanes c, Lanes d) { return FAR * (a + d) + NEAR * (b + c); }

// A column of T, filtered downwards from row t on: marches to the right, two columns at a time.
template <class E>
struct Column {
  const E* rows[4][2];  // [row][parity of the column], at column 0 or 1 of the planes
  int channels;

  Column(const Phases<E>& phases, int picture, int t, int channel)
      : channels(phases.planes.channels) {
    for (int row = 0; row < 4; ++row)
      for (int parity = 0; parity < 2; ++parity)
        rows[row][parity] = phases.at(picture, t + row, parity) + channel;
  }

  Lanes at(int s) const {
    const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(s >> 1) * channels;
    const int parity = s & 1;
    return filtered(load(rows[0][parity] + offset), load(rows[1][parity] + offset),
                    load(rows[2][parity] + offset), load(rows[3][parity] + offset));
  }
};

// One row of a layer's output from T: `width` samples of a panel of channels.
template <class E>
void filter_row(const Phases<E>& phases, int picture, int y, int width, int first_t, int first_s,
                int channel, const Activation<E>& finish) {
  const auto constants = finish.channels(channel);
  const Column<E> left(phases, picture, y + first_t, channel);
  const Column<E> right(phases, picture, y + first_t, channel + LANES);
  Lanes a[2], b[2], c[2];
  a[0] = left.at(first_s), a[1] = right.at(first_s);
  b[0] = left.at(first_s + 1), b[1] = right.at(first_s + 1);
  c[0] = left.at(first_s + 2), c[1] = right.at(first_s + 2);
  constexpr int MOST = 16;  // samples finished at a time
  float sums[MOST * PANEL];
  for (int x = 0; x < width; ++x) {
    const Lanes d[2] = {left.at(first_s + x + 3), right.at(first_s + x + 3)};
    const int held = x % MOST;
    for (int h = 0; h < 2; ++h) {
      store(sums + held * PANEL + h * LANES, filtered(a[h], b[h], c[h], d[h]));
      a[h] = b[h], b[h] = c[h], c[h] = d[h];
    }
    if (held + 1 == MOST || x + 1 == width)
      finish.row(picture, y, x - held, held + 1, constants, sums);
  }
}

// One row t of the gradient to T, columns 0 to `columns` - 1, from the gradient to the output.
template <class E>
void filter_row_backward(const Phases<E>& phases, const Grid<E>& gradient, int picture, int t,
                         int columns, int first_t, int first_s, int channel) {
  const E* rows[4];
  Lanes taps[4];
  for (int u = 0; u < 4; ++u) {
    const int y = t - first_t - u;
    const bool inside = y >= 0 && y < gradient.height;
    rows[u] = gradient.at(picture, inside ? y : 0, 0) + channel;
    taps[u] = all(!inside ? 0.f : u == 1 || u == 2 ? NEAR : FAR);
  }
  const auto column = [&](int x) {
    Lanes total = all(0);
    if (x < 0 || x >= gradient.width) return total;
    const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(x) * gradient.channels;
    for (int u = 0; u < 4; ++u) total += taps[u] * load(rows[u] + offset);
    return total;
  };
  Lanes a = column(-first_s - 3), b = column(-first_s - 2), c = column(-first_s - 1);
  for (int s = 0; s < columns; ++s) {
    const Lanes d = column(s - first_s);
    store(phases.at(picture, t, s) + channel, filtered(a, b, c, d));
    a = b, b = c, c = d;
  }
}

}  // namespace draglive
