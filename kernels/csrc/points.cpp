// The C interface of the point operations, called from kernels/points_native.py through ctypes.
#include "points.h"

namespace draglive {
namespace {

template <class E>
void supervise(const PointsSpec& spec, const float* targets, const std::uint8_t* active,
               float speed_px, float stop_px, float* gradient) {
  for (int point = 0; point < spec.points; ++point) {  // in order: they overlap on a whole map
    const float x = targets[2 * point] - spec.handles[2 * point];
    const float y = targets[2 * point + 1] - spec.handles[2 * point + 1];
    const float length = std::sqrt(x * x + y * y);
    if (!active[point] || !(length > stop_px)) continue;
    const float part = speed_px / std::max(length, speed_px);
    supervise_point<E>(spec, point, x * part, y * part, gradient);
  }
}

template <class E>
void track(const PointsSpec& spec, const float* references, const std::uint8_t* following,
           bool squared, float* moved) {
  for (int point = 0; point < spec.points; ++point) {
    const float* reference = references + static_cast<std::ptrdiff_t>(point) * spec.channels;
    const int best = following[point] ? nearest<E>(spec, point, reference, squared) : -1;
    for (int axis = 0; axis < 2; ++axis)
      moved[2 * point + axis] =
          spec.handles[2 * point + axis] + (best < 0 ? 0 : spec.offsets[2 * best + axis]);
  }
}

}  // namespace
}  // namespace draglive

extern "C" {

// Adds dL/dF to `gradient`, float32 [pictures, height, width, channels], of the points that pull.
void draglive_supervise(const draglive::PointsSpec* spec, const float* targets,
                        const std::uint8_t* active, float speed_px, float stop_px,
                        float* gradient) {
#ifdef DRAGLIVE_AMX
  if (spec->bfloat16)
    return draglive::supervise<draglive::Bfloat16>(*spec, targets, active, speed_px, stop_px,
                                                   gradient);
#endif
  draglive::supervise<float>(*spec, targets, active, speed_px, stop_px, gradient);
}

// `moved` [points, 2]: the handles where their references [points, channels] are found.
void draglive_track(const draglive::PointsSpec* spec, const float* references,
                    const std::uint8_t* following, std::int32_t squared, float* moved) {
#ifdef DRAGLIVE_AMX
  if (spec->bfloat16)
    return draglive::track<draglive::Bfloat16>(*spec, references, following, squared, moved);
#endif
  draglive::track<float>(*spec, references, following, squared, moved);
}

}  // extern "C"
