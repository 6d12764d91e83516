// Adam along axes of w+ (kernels/adam.py has the contract), called from kernels/adam_native.py
// through ctypes. On the calling thread: the products are small, and threads that must be waited
// for lose a time slice on a busy machine.
#include <cmath>
#include <vector>

#include "lanes.h"

extern "C" {
// As kernels/adam_native.py fills it in; matrices are row-major.
struct AdamSpec {
  float* value;             // [count, width], changed
  const float* gradient;    // [count, width]
  float* mean;              // [count, width], changed
  float* square;            // [count, width], changed
  const float* rows;        // [count], 0: a coordinate that stays
  const float* mixing;      // [count, count]
  const float* directions;  // [width, width]
  std::int32_t count, width;
  float steps, step_size, momentum, inertia, tiny;  // steps: this one counted
  float common;
};
}

namespace draglive {
namespace {

// total += factor * row
void add(float* total, float factor, const float* row, int width) {
  for (int j = 0; j < width; j += LANES)
    store(total + j, load(total + j) + factor * load(row + j));
}

float dot(const float* one, const float* other, int width) {
  Lanes total = all(0);
  for (int k = 0; k < width; k += LANES) total += load(one + k) * load(other + k);
  return sum(total);
}

// The coordinates' slopes: mixing * gradient * directions.
void turn(const AdamSpec& spec, float* mixed, float* slopes) {
  const int width = spec.width;
  for (int n = 0; n < spec.count; ++n)
    for (int m = 0; m < spec.count; ++m)
      if (const float part = spec.mixing[n * spec.count + m])
        add(mixed + n * width, part, spec.gradient + m * width, width);
  for (int k = 0; k < width; ++k)  // each axis is read once, for all rows
    for (int n = 0; n < spec.count; ++n)
      if (spec.rows[n] != 0)
        add(slopes + n * width, mixed[n * width + k], spec.directions + k * width, width);
}

// Both moments follow the slopes of a row; the sum of its second ones.
double follow(const AdamSpec& spec, int n, const float* slopes) {
  double total = 0;
  for (int j = 0; j < spec.width; ++j) {
    const int i = n * spec.width + j;
    spec.mean[i] += (slopes[i] - spec.mean[i]) * (1 - spec.momentum);
    spec.square[i] += (slopes[i] * slopes[i] - spec.square[i]) * (1 - spec.inertia);
    total += spec.square[i];
  }
  return total;
}

// 1 - beta^steps
float one_minus_power(const AdamSpec& spec, float beta) {
  return static_cast<float>(-std::expm1(spec.steps * std::log(static_cast<double>(beta))));
}

// The changes of the coordinates, from their slopes; moments follow.
void step(const AdamSpec& spec, float* changes) {
  const float first = one_minus_power(spec, spec.momentum);
  const float second = one_minus_power(spec, spec.inertia);
  double total = 0, numbers = 0;
  for (int n = 0; n < spec.count; ++n) {
    if (spec.rows[n] == 0) continue;
    total += follow(spec, n, changes);
    numbers += spec.width;
  }
  const float whole = static_cast<float>(std::sqrt(total / numbers / second));
  for (int n = 0; n < spec.count; ++n) {
    if (spec.rows[n] == 0) continue;
    for (int i = n * spec.width; i < (n + 1) * spec.width; ++i) {
      const float own = std::sqrt(spec.square[i] / second);
      const float spread = own + (whole - own) * spec.common + spec.tiny;
      changes[i] = -spec.mean[i] / first / spread * spec.step_size;
    }
  }
}

// value += mixing' * changes * directions'.
void move(const AdamSpec& spec, const float* changes, float* turned) {
  const int width = spec.width;
  for (int j = 0; j < width; ++j)
    for (int n = 0; n < spec.count; ++n)
      if (spec.rows[n] != 0)
        turned[n * width + j] = dot(changes + n * width, spec.directions + j * width, width);
  for (int n = 0; n < spec.count; ++n)
    for (int m = 0; m < spec.count; ++m)
      if (const float part = spec.mixing[n * spec.count + m])
        add(spec.value + m * width, part, turned + n * width, width);
}

}  // namespace
}  // namespace draglive

extern "C" int draglive_lanes() { return draglive::LANES; }

extern "C" void draglive_adam_along(const AdamSpec* spec) {
  const std::size_t size = static_cast<std::size_t>(spec->count) * spec->width;
  std::vector<float> mixed(size), slopes(size);
  draglive::turn(*spec, mixed.data(), slopes.data());
  draglive::step(*spec, slopes.data());
  draglive::move(*spec, slopes.data(), mixed.data());
}
