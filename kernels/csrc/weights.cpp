// The C interface of the weights, called from kernels/synthesis_native.py through ctypes.
#include "weights.h"

#include <exception>

using draglive::AnyWeights;

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
AnyWeights* draglive_weights_new(const draglive::NetworkSpec* spec) try {
#ifdef DRAGLIVE_AMX
  if (spec->bfloat16) return new draglive::Weights<draglive::AmxKernel>(*spec);
#endif
  if (spec->bfloat16) return nullptr;
  return new draglive::Weights<draglive::VectorKernel>(*spec);
} catch (const std::exception&) {
  return nullptr;
}

void draglive_weights_free(AnyWeights* weights) { delete weights; }

void draglive_weights_fold(AnyWeights* weights, const float* ws) { weights->fold(ws); }

}  // extern "C"
