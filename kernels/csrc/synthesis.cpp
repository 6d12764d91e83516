// The C interface of the synthesis, called from kernels/synthesis_native.py through ctypes.
#include "synthesis.h"

#include <cstdio>
#include <exception>

namespace draglive {

// One synthesis of either dtype.
class AnySynthesis {
 public:
  virtual ~AnySynthesis() = default;
  virtual void fold(const float* ws) = 0;
  virtual void forward(const float* ws, const std::int32_t* origins) = 0;
  virtual void backward(const void* gradient, bool is_float, float* w_gradient) = 0;
  virtual const std::vector<double>& seconds() const = 0;
};

template <class Kernel>
class SynthesisOf final : public AnySynthesis {
 public:
  explicit SynthesisOf(const NetworkSpec& spec) : synthesis_(spec) {}
  void fold(const float* ws) override { synthesis_.fold(ws); }
  void forward(const float* ws, const std::int32_t* origins) override {
    synthesis_.forward(ws, origins);
  }
  void backward(const void* gradient, bool is_float, float* w_gradient) override {
    if (is_float)
      synthesis_.backward(static_cast<const float*>(gradient), w_gradient);
    else
      synthesis_.backward(static_cast<const typename Kernel::Element*>(gradient), w_gradient);
  }
  const std::vector<double>& seconds() const override { return synthesis_.seconds(); }

 private:
  Synthesis<Kernel> synthesis_;
};

}  // namespace draglive

using draglive::AnySynthesis;

extern "C" {

// Whether the compiler knew the matrix unit.
std::int32_t draglive_has_bfloat16() {
#ifdef DRAGLIVE_AMX
  return 1;
#else
  return 0;
#endif
}

// Null: out of memory, or bfloat16 on a build without it.
AnySynthesis* draglive_synthesis_new(const draglive::NetworkSpec* spec) try {
#ifdef DRAGLIVE_AMX
  if (spec->bfloat16) return new draglive::SynthesisOf<draglive::AmxKernel>(*spec);
#endif
  if (spec->bfloat16) return nullptr;
  return new draglive::SynthesisOf<draglive::VectorKernel>(*spec);
} catch (const std::exception&) {
  return nullptr;
}

void draglive_synthesis_free(AnySynthesis* synthesis) { delete synthesis; }

void draglive_synthesis_fold(AnySynthesis* synthesis, const float* ws) { synthesis->fold(ws); }

void draglive_synthesis_forward(AnySynthesis* synthesis, const float* ws,
                                const std::int32_t* origins) {
  synthesis->forward(ws, origins);
}

void draglive_synthesis_backward(AnySynthesis* synthesis, const void* gradient,
                                 std::int32_t is_float, float* w_gradient) {
  synthesis->backward(gradient, is_float != 0, w_gradient);
}

// Seconds of the stages of the last forward and backward: modulation, each layer; the gradient to
// the features, each layer, the gradient to w.
void draglive_synthesis_seconds(AnySynthesis* synthesis, double* into) {
  for (double value : synthesis->seconds()) *into++ = value;
}

}  // extern "C"
