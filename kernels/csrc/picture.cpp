// The C interface of the picture, called from kernels/synthesis_native.py through ctypes.
#include "picture.h"

#include <exception>

namespace draglive {

class AnyPicture {
 public:
  virtual ~AnyPicture() = default;
  virtual void render(const float* ws, std::uint8_t* out, int blocks) = 0;
  virtual const std::vector<double>& seconds() const = 0;
};

template <class Kernel>
class PictureOf final : public AnyPicture {
 public:
  PictureOf(const AnyWeights& weights, const PlanSpec& plan, const ColoursSpec* colours)
      : picture_(static_cast<const Weights<Kernel>&>(weights), plan, colours) {}
  void render(const float* ws, std::uint8_t* out, int blocks) override {
    picture_.render(ws, out, blocks);
  }
  const std::vector<double>& seconds() const override { return picture_.seconds(); }

 private:
  Picture<Kernel> picture_;
};

}  // namespace draglive

using draglive::AnyPicture;

extern "C" {

// Of a plan that is whole. Null: out of memory.
AnyPicture* draglive_picture_new(const draglive::AnyWeights* weights,
                                 const draglive::PlanSpec* plan,
                                 const draglive::ColoursSpec* colours) try {
#ifdef DRAGLIVE_AMX
  if (weights->bfloat16)
    return new draglive::PictureOf<draglive::AmxKernel>(*weights, *plan, colours);
#endif
  return new draglive::PictureOf<draglive::VectorKernel>(*weights, *plan, colours);
} catch (const std::exception&) {
  return nullptr;
}

void draglive_picture_free(AnyPicture* picture) { delete picture; }

// Pixels [H, W, 4] from the first `blocks` blocks.
void draglive_picture_render(AnyPicture* picture, const float* ws, std::uint8_t* out,
                             std::int32_t blocks) {
  picture->render(ws, out, blocks);
}

// Seconds of the stages of the last picture: modulation, each layer.
void draglive_picture_seconds(AnyPicture* picture, double* into) {
  for (double value : picture->seconds()) *into++ = value;
}

}  // extern "C"
