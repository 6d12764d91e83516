// The C interface of the synthesis, called from kernels/synthesis_native.py through ctypes.
#include "synthesis.h"

#include <exception>

namespace draglive {

// One synthesis of either dtype.
class AnySynthesis {
 public:
  virtual ~AnySynthesis() = default;
  virtual void forward(const float* ws, const std::int32_t* origins) = 0;
  virtual void backward(const void* gradient, bool is_float, float* w_gradient) = 0;
  virtual const std::vector<double>& seconds() const = 0;
};

template <class Kernel>
class SynthesisOf final : public AnySynthesis {
 public:
  SynthesisOf(const AnyWeights& weights, const PlanSpec& plan)
      : synthesis_(static_cast<const Weights<Kernel>&>(weights), plan) {}
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

// Null: out of memory.
AnySynthesis* draglive_synthesis_new(const draglive::AnyWeights* weights,
                                     const draglive::PlanSpec* plan) try {
#ifdef DRAGLIVE_AMX
  if (weights->bfloat16) return new draglive::SynthesisOf<draglive::AmxKernel>(*weights, *plan);
#endif
  return new draglive::SynthesisOf<draglive::VectorKernel>(*weights, *plan);
} catch (const std::exception&) {
  return nullptr;
}

void draglive_synthesis_free(AnySynthesis* synthesis) { delete synthesis; }

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
