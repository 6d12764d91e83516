// Where samples lie in memory, and who owns that memory.
//
// A grid holds one map, or a window for each point ("pictures"). A sample is `channels` numbers in
// a row; the next sample to the right follows it, the one below lies `pitch` samples on. What a
// convolution reads beyond the map's edge is kept as zeros around it, and the zeros on the right of
// one row are those on the left of the next:
//
//        pitch = width + 1
//      0 0 0 0 0            With that, "the sample up and to the left" is the same step in memory
//      0 a b c d            everywhere, and a 3x3 convolution is nine matrix products over one long
//      0 e f g h            list of positions, shifted against each other. Products that land on
//      0 i j k l            the zeros' places mean nothing and are not written.
//      0 0 0 0 0
//      0
//
// Channels are padded with zeros to a multiple of 32. Everything that is not a padding zero starts
// as NaN: a read of something that was never written shows.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace draglive {

constexpr int DEPTH = 32;  // channels are padded to a multiple of it

inline int padded(int channels) { return (channels + DEPTH - 1) / DEPTH * DEPTH; }

// Memory that is taken once and given back at the end.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    for (void* block : blocks_) std::free(block);
  }

  // `count` values, every bit set: NaN in any format.
  template <class T>
  T* take(std::size_t count) {
    T* block = raw<T>(count);
    std::memset(static_cast<void*>(block), 0xff, count * sizeof(T));
    return block;
  }

  template <class T>
  T* zeros(std::size_t count) {
    T* block = raw<T>(count);
    std::memset(static_cast<void*>(block), 0, count * sizeof(T));
    return block;
  }

  // `count` values of anything.
  template <class T>
  T* raw(std::size_t count) {
    const std::size_t size = round_up(count * sizeof(T), 64);
    if (size > left_) add_block(round_up(size, HUGE));
    T* values = reinterpret_cast<T*>(next_);
    next_ += size, left_ -= size;
    return values;
  }

 private:
  static constexpr std::size_t HUGE = std::size_t{2} << 20;

  static std::size_t round_up(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
  }

  void add_block(std::size_t size) {
    void* block = std::aligned_alloc(HUGE, size);
    if (block == nullptr) throw std::bad_alloc();
    blocks_.push_back(block);
#if defined(__linux__)
    madvise(block, size, MADV_HUGEPAGE);  // fewer faults, and misses of the page table's cache
#endif
    next_ = static_cast<char*>(block), left_ = size;
  }

  std::vector<void*> blocks_;
  char* next_ = nullptr;  // what is left of the last one
  std::size_t left_ = 0;
};

template <class E>
struct Grid {
  E* data = nullptr;  // sample (0, 0) of picture 0
  int pictures = 0, height = 0, width = 0;
  int pitch = 0;              // samples from one row to the next
  std::ptrdiff_t stride = 0;  // samples from one picture to the next
  int channels = 0;

  E* at(int picture, int y, int x) const {
    return data + (picture * stride + static_cast<std::ptrdiff_t>(y) * pitch + x) * channels;
  }
  // The same memory where its first row is called `row`.
  Grid beginning_at(int row) const {
    Grid grid = *this;
    grid.data = at(0, -row, 0);
    return grid;
  }
};

struct Shape {
  int pictures, height, width, channels;
};

// A grid with `pad` rows of zeros above and below, and as many columns between its rows.
template <class E>
Grid<E> make_grid(Arena& arena, Shape shape, int pad, int gap) {
  Grid<E> grid;
  grid.pictures = shape.pictures, grid.height = shape.height, grid.width = shape.width;
  grid.channels = shape.channels;
  grid.pitch = shape.width + gap;
  grid.stride = static_cast<std::ptrdiff_t>(grid.pitch) * (shape.height + 2 * pad);
  const std::ptrdiff_t guard = 3 * grid.pitch + 2 * DEPTH;  // a block of positions may overhang
  const std::ptrdiff_t samples = 2 * guard + shape.pictures * grid.stride;
  E* const block = arena.raw<E>(samples * shape.channels);
  grid.data = block + (guard + pad * grid.pitch + pad) * shape.channels;
  E* done = block;  // all is written once, in order: fresh memory is slow
  const auto fill = [&done](int byte, E* end) {
    std::memset(static_cast<void*>(done), byte, sizeof(E) * (end - done));
    done = end;
  };
  for (int p = 0; p < shape.pictures; ++p)
    for (int y = 0; y < shape.height; ++y) {
      fill(0, grid.at(p, y, 0));
      fill(0xff, grid.at(p, y, shape.width));
    }
  fill(0, block + samples * shape.channels);
  return grid;
}

}  // namespace draglive
