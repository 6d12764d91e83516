// The picture's 3x3 convolutions in float32 by Winograd's minimal filtering, F(4x4, 3x3) (Lavin and
// Gray 2016): a quarter of the multiplications.
//
// The map is cut into tiles of 4x4 samples. What a tile needs of the map below, 6x6 samples, is
// transformed (B' d B) to 36 values, the weights have been (G g G'), and their products, summed over
// the input channels, are transformed back (A' m A). So instead of 9 matrix products for each of 16
// samples there are 36 for all of them together, one for each of the 36 places.
//
//      d  6x6 of the map          36 products                    4x4 sums of the convolution
//      o o o o o o                over channels
//      o x x x x o    B' . B                        A' . A       x x x x
//      o x x x x o   -------->  o o o o o o ...   --------->     x x x x
//      o x x x x o                                               x x x x
//      o x x x x o                                               x x x x
//      o o o o o o
//
// A picture's rounding errors stay those of the plain sum (docs/log.md). What they would do to a drag
// step's gradients was not measured: only pictures are made so.
#pragma once

#include "layer.h"
#include "places.h"

namespace draglive {

class Winograd {
 public:
  using Kernel = VectorKernel;

  // What one thread works in.
  struct Scratch {
    float* read = nullptr;  // [36, tiles, in]
    float* made = nullptr;  // [36, tiles, a panel]
  };

  // Whether there are enough tiles to share the transformed weights, four times as many.
  static bool pays(const Layer<Kernel>& layer) {
    return !layer.spec.up && layer.height * layer.width >= LEAST_TILES * TILE * TILE;
  }

  // `in_bands`: only `sweep` is used, with scratch of the caller's.
  void take(Arena& arena, const Layer<Kernel>& layer, const LayerWeights<Kernel>& weights,
            int threads, bool in_bands) {
    layer_ = &layer, weights_ = &weights;
    panels_ = weights.out / PANEL;
    const int tiles = layer.height * layer.width / (TILE * TILE);
    const int most = static_cast<int>(CACHE / (sizeof(float) * POINTS * weights.in));
    const int chunks = std::max((tiles + most - 1) / most, std::min(LEAST_CHUNKS, tiles));
    const int positions = Kernel::positions;
    capacity_ = ((tiles + chunks - 1) / chunks + positions - 1) / positions * positions;
    tiles_ = tiles;
    for (int slice = 0; slice < weights.in; slice += DEPTH) offsets_.push_back(slice);
    data_ = arena.take<float>(static_cast<std::size_t>(POINTS) * weights.in * weights.out);
    if (!in_bands) scratch_.take(threads, [&](Scratch& place) { take(arena, place); });
  }

  void take(Arena& arena, Scratch& scratch) const {
    const std::size_t tiles = static_cast<std::size_t>(POINTS) * capacity_;
    scratch.read = arena.take<float>(tiles * weights_->in);
    scratch.made = arena.take<float>(tiles * PANEL);
  }

  // Transform the weights as they are now.
  void pack(Team team) const {
    const int slices = weights_->in / LANES;
    team.each(panels_ * slices, [&](int item) {
      const int panel = item / slices, k = item % slices * LANES;
      for (int i = 0; i < LANES; ++i)
        for (int half = 0; half < 2; ++half) pack_lanes(panel, k + i, half);
    });
  }

  // The whole layer, as `Synthesis::run_layer` runs it.
  void run(Team team) const {
    team.each((tiles_ + capacity_ - 1) / capacity_, [&](int chunk) {
      const int first = chunk * capacity_;
      scratch_.use([&](const Scratch& scratch) {
        convolve(layer_->input, first, std::min(capacity_, tiles_ - first), layer_->finish,
                 scratch);
      });
    });
  }

  // Rows `from` to `to` - 1, multiples of 4, by this thread alone; `in` is the map below.
  void sweep(const Grid<float>& in, int from, int to, const Activation<float>& finish,
             const Scratch& scratch) const {
    const int across = layer_->width / TILE, end = to / TILE * across;
    for (int first = from / TILE * across; first < end; first += capacity_)
      convolve(in, first, std::min(capacity_, end - first), finish, scratch);
  }

 private:
  static constexpr int TILE = 4, READ = 6, POINTS = READ * READ;
  static constexpr int LEAST_TILES = 16, LEAST_CHUNKS = 4;
  static constexpr std::size_t CACHE = std::size_t{1} << 20;  // of a core, for what was read

  // B' times six values.
  static void transform_read(const Lanes d[READ], Lanes into[READ]) {
    const Lanes even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
    const Lanes near = d[4] - d[2], far = 2 * (d[3] - d[1]);
    into[0] = 4 * d[0] - 5 * d[2] + d[4];
    into[1] = even + odd;
    into[2] = even - odd;
    into[3] = near + far;
    into[4] = near - far;
    into[5] = 4 * d[1] - 5 * d[3] + d[5];
  }

  // G times three weights.
  static void transform_weights(const Lanes g[3], Lanes into[READ]) {
    const Lanes sixth = (g[0] + g[2]) * (-1.f / 6), middle = g[1] * (1.f / 6);
    const Lanes wide = g[0] * (1.f / 24) + g[2] * (1.f / 6), twelfth = g[1] * (1.f / 12);
    into[0] = g[0] * 0.25f;
    into[1] = sixth - middle;
    into[2] = sixth + middle;
    into[3] = wide + twelfth;
    into[4] = wide - twelfth;
    into[5] = g[2];
  }

  // A' times six products.
  static void transform_made(const Lanes m[READ], Lanes into[TILE]) {
    const Lanes near = m[1] + m[2], far = m[3] + m[4];
    const Lanes odd_near = m[1] - m[2], odd_far = m[3] - m[4];
    into[0] = m[0] + near + far;
    into[1] = odd_near + 2 * odd_far;
    into[2] = near + 4 * far;
    into[3] = odd_near + 8 * odd_far + m[5];
  }

  float* packed(int panel, int point) const {
    return data_ + (static_cast<std::size_t>(panel) * POINTS + point) * weights_->in * PANEL;
  }

  // The weights of input k and half a panel of outputs.
  void pack_lanes(int panel, int k, int half) const {
    Lanes taps[3][3] = {}, rows[READ][3];
    for (int lane = 0; lane < LANES; ++lane) {
      const Taps own = weights_->taps(k, panel * PANEL + half * LANES + lane);
      for (int tap = 0; tap < 9 && own.weights; ++tap)
        taps[tap % 3][tap / 3][lane] = own.weights[tap] * own.factor;
    }
    for (int column = 0; column < 3; ++column) {
      Lanes down[READ];
      transform_weights(taps[column], down);
      for (int i = 0; i < READ; ++i) rows[i][column] = down[i];
    }
    for (int i = 0; i < READ; ++i) {
      Lanes across[READ];
      transform_weights(rows[i], across);
      for (int j = 0; j < READ; ++j)
        store(packed(panel, i * READ + j) + static_cast<std::ptrdiff_t>(k) * PANEL + half * LANES,
              across[j]);
    }
  }

  void convolve(const Grid<float>& in, int first, int count, const Activation<float>& finish,
                const Scratch& scratch) const {
    for (int tile = 0; tile < count; ++tile) read_tile(in, first + tile, tile, scratch);
    for (int panel = 0; panel < panels_; ++panel) {
      multiply(panel, count, scratch);
      const auto constants = finish.channels(panel * PANEL);
      for (int tile = 0; tile < count; ++tile)
        make_tile(first + tile, scratch.made + tile * PANEL, constants, finish);
    }
  }

  void read_tile(const Grid<float>& in, int tile, int into, const Scratch& scratch) const {
    const int across = layer_->width / TILE, channels = weights_->in;
    const float* corner = in.at(0, tile / across * TILE - 1, tile % across * TILE - 1);
    float* const to = scratch.read + static_cast<std::ptrdiff_t>(into) * channels;
    const std::ptrdiff_t point = static_cast<std::ptrdiff_t>(capacity_) * channels;
    for (int channel = 0; channel < channels; channel += LANES) {
      Lanes rows[READ][READ];
      for (int x = 0; x < READ; ++x) {
        Lanes column[READ], down[READ];
        for (int y = 0; y < READ; ++y)
          column[y] = load(corner + static_cast<std::ptrdiff_t>(y * in.pitch + x) * channels +
                           channel);
        transform_read(column, down);
        for (int i = 0; i < READ; ++i) rows[i][x] = down[i];
      }
      for (int i = 0; i < READ; ++i) {
        Lanes done[READ];
        transform_read(rows[i], done);
        for (int j = 0; j < READ; ++j) store(to + (i * READ + j) * point + channel, done[j]);
      }
    }
  }

  void multiply(int panel, int count, const Scratch& scratch) const {
    const int channels = weights_->in;
    for (int point = 0; point < POINTS; ++point)
      for (int at = 0; at < count; at += Kernel::positions) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(point) * capacity_ + at;
        Kernel::multiply(scratch.read + row * channels, channels, offsets_.data(),
                         static_cast<int>(offsets_.size()), packed(panel, point),
                         Kernel::positions, scratch.made + row * PANEL);
      }
  }

  void make_tile(int tile, const float* made, const Activation<float>::Channels& constants,
                 const Activation<float>& finish) const {
    float sums[TILE][TILE * PANEL];
    for (int half = 0; half < 2; ++half) {
      Lanes rows[TILE][READ];
      for (int x = 0; x < READ; ++x) {
        Lanes column[READ], down[TILE];
        for (int y = 0; y < READ; ++y)
          column[y] = load(made + static_cast<std::ptrdiff_t>(y * READ + x) * capacity_ * PANEL +
                           half * LANES);
        transform_made(column, down);
        for (int i = 0; i < TILE; ++i) rows[i][x] = down[i];
      }
      for (int y = 0; y < TILE; ++y) {
        Lanes done[TILE];
        transform_made(rows[y], done);
        for (int x = 0; x < TILE; ++x) store(sums[y] + x * PANEL + half * LANES, done[x]);
      }
    }
    const int across = layer_->width / TILE, y = tile / across * TILE, x = tile % across * TILE;
    for (int row = 0; row < TILE; ++row) finish.row(0, y + row, x, TILE, constants, sums[row]);
  }

  const Layer<Kernel>* layer_ = nullptr;
  const LayerWeights<Kernel>* weights_ = nullptr;
  int panels_ = 0, tiles_ = 0;
  int capacity_ = 0;  // tiles at a time
  float* data_ = nullptr;  // [panels, 36, in, a panel], transformed
  std::vector<std::ptrdiff_t> offsets_;
  Places<Scratch> scratch_;
};

}  // namespace draglive
