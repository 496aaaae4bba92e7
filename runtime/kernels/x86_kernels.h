// The tables of the x86-64 targets. Each may be used only where
// SupportedTargets() lists it.

#ifndef PEDIGREE_RUNTIME_KERNELS_X86_KERNELS_H_
#define PEDIGREE_RUNTIME_KERNELS_X86_KERNELS_H_

#include "runtime/kernels/kernels.h"

namespace pedigree {

const Kernels& Sse4Kernels();
const Kernels& Avx2Kernels();
const Kernels& AvxVnniKernels();
const Kernels& Avx512Kernels();
const Kernels& Avx512VnniKernels();
const Kernels& Avx512AmxKernels();

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_KERNELS_X86_KERNELS_H_
