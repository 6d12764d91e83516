// Motion supervision and tracking around each point (kernels/supervise.py, kernels/track_points.py
// have the contracts): bilinear samples of the features, without a copy of any of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "lanes.h"

namespace draglive {

extern "C" {
// As kernels/points_native.py fills it in.
struct PointsSpec {
  const void* features;         // [pictures, height, width, channels]
  const std::int32_t* origins;  // [points, 2], where each point's window begins; null: whole map
  const float* handles;         // [points, 2], (x, y) in image pixels
  const float* offsets;         // [count, 2]
  std::int32_t points, count, channels;
  std::int32_t height, width;  // held
  std::int32_t map_height, map_width, image_height, image_width;
  std::int32_t bfloat16;
};
}

// The four samples that a position is mixed from.
struct Corners {
  std::ptrdiff_t at[4];  // where each begins in the features, in values
  float weight[4];
};

inline Corners corners(const PointsSpec& spec, int point, float x, float y) {
  const float ratio_x = static_cast<float>(static_cast<double>(spec.map_width) / spec.image_width);
  const float ratio_y =
      static_cast<float>(static_cast<double>(spec.map_height) / spec.image_height);
  const float u = std::min(std::max((x + 0.5f) * ratio_x - 0.5f, 0.f), spec.map_width - 1.f);
  const float v = std::min(std::max((y + 0.5f) * ratio_y - 0.5f, 0.f), spec.map_height - 1.f);
  const int left = static_cast<int>(u), top = static_cast<int>(v);
  const float across = u - left, down = v - top;
  const int picture = spec.origins ? point : 0;
  const int first_x = spec.origins ? spec.origins[2 * point] : 0;
  const int first_y = spec.origins ? spec.origins[2 * point + 1] : 0;
  Corners result;
  for (int j = 0; j < 4; ++j) {
    // A sample that no window holds is taken from the window's edge.
    const int map_x = std::min(left + j % 2, spec.map_width - 1);
    const int map_y = std::min(top + j / 2, spec.map_height - 1);
    const int held_x = std::min(std::max(map_x - first_x, 0), spec.width - 1);
    const int held_y = std::min(std::max(map_y - first_y, 0), spec.height - 1);
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(picture) * spec.height + held_y;
    result.at[j] = (row * spec.width + held_x) * spec.channels;
    result.weight[j] = (j / 2 ? down : 1 - down) * (j % 2 ? across : 1 - across);
  }
  return result;
}

template <class E>
Lanes mixed(const E* features, const Corners& at, int channel) {
  Lanes value = all(0);
  for (int j = 0; j < 4; ++j) value += at.weight[j] * load(features + at.at[j] + channel);
  return value;
}

// Add one point's part of dL/dF to `gradient`, float, of the features' shape.
template <class E>
void supervise_point(const PointsSpec& spec, int point, float motion_x, float motion_y,
                     float* gradient) {
  const E* features = static_cast<const E*>(spec.features);
  const float share = 1.f / (static_cast<float>(spec.count) * spec.channels);
  for (int k = 0; k < spec.count; ++k) {
    const float x = spec.handles[2 * point] + spec.offsets[2 * k];
    const float y = spec.handles[2 * point + 1] + spec.offsets[2 * k + 1];
    const Corners still = corners(spec, point, x, y);
    const Corners moved = corners(spec, point, x + motion_x, y + motion_y);
    for (int c = 0; c < spec.channels; c += LANES) {
      const Lanes change = mixed(features, moved, c) - mixed(features, still, c);
      Lanes slope = change > 0 ? all(share) : change;  // 0 stays 0, and NaN stays NaN
      slope = change < 0 ? all(-share) : slope;
      for (int j = 0; j < 4; ++j) {
        float* into = gradient + moved.at[j] + c;
        store(into, load(into) + moved.weight[j] * slope);
      }
    }
  }
}

// Which of the candidates is most like the point's reference: the first of equals.
template <class E>
int nearest(const PointsSpec& spec, int point, const float* reference, bool squared) {
  const E* features = static_cast<const E*>(spec.features);
  float least = std::numeric_limits<float>::infinity();
  int best = 0;
  for (int k = 0; k < spec.count; ++k) {
    const float x = spec.handles[2 * point] + spec.offsets[2 * k];
    const float y = spec.handles[2 * point + 1] + spec.offsets[2 * k + 1];
    if (!(x >= -0.5f && x <= spec.image_width - 0.5f)) continue;
    if (!(y >= -0.5f && y <= spec.image_height - 0.5f)) continue;
    const Corners at = corners(spec, point, x, y);
    Lanes total = all(0);
    for (int c = 0; c < spec.channels; c += LANES) {
      const Lanes difference = mixed(features, at, c) - load(reference + c);
      total += squared ? difference * difference : (difference < 0 ? -difference : difference);
    }
    const float cost = sum(total);
    if (cost < least) least = cost, best = k;  // never where it is NaN
  }
  return best;
}

}  // namespace draglive
