// Cases on which the kernels of every target must give the bits of the scalar
// reference: drawn from one seeded stream, or the full product of shapes,
// threads and batches.
//
// Free of files, clocks and the test library, so that the same cases run in
// WebAssembly. Inputs depend on the kernel and the case's number only: the
// digest of what the reference makes of them is the same on every machine.

#ifndef PEDIGREE_RUNTIME_CONFORMANCE_KERNEL_CASES_H_
#define PEDIGREE_RUNTIME_CONFORMANCE_KERNEL_CASES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "runtime/base/sha256.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// No case has more multiply-adds than this.
inline constexpr uint64_t kMaxCaseProducts = 10000000;

// Cases that are drawn for each kernel unless somebody asks for fewer.
inline constexpr size_t kDefaultCases = 1000;

// The kernels, matrix products once for each form of weights: "mat_mul f32",
// "mat_mul q8_0 row", ..., "rms_norm", ... Softmax is inside "attend", SiLU and
// the exponential inside "swiglu".
absl::Span<const std::string_view> KernelNames();

// The shapes of RunKernelProduct.
absl::Span<const std::string_view> KernelShapeNames();

// The share of the shapes that goes with `cases` drawn of kDefaultCases: all 20
// for 1,000, never none.
size_t ProductShapes(size_t cases);

struct KernelReport {
  // Cases drawn, and how often one was run by a target and compared.
  uint64_t cases = 0;
  uint64_t comparisons = 0;
  // Of all that the reference computed, in the order of the cases.
  Digest reference;
  // The first case in which a target gave other bits; empty when none did.
  std::string difference;
};

// Draws `count` cases of kernel `kernel` (an index of KernelNames()): shape,
// batch of tokens, and for each target threads, the form of the weights and the
// alignment of the activations. `targets` may be empty: then only the reference
// runs. Threads are 1, 2, 3 or 7, as far as `pool` has them.
KernelReport RunKernelCases(size_t kernel, size_t count,
                            absl::Span<const Target> targets, ThreadPool& pool);

// The first `shapes` shapes x target x threads (1, 2, 3, 7) x batch (1, 3, 32,
// 512), matrix products with weights as stored and as packed. What of threads
// `pool` lacks is left out.
KernelReport RunKernelProduct(size_t kernel, size_t shapes,
                              absl::Span<const Target> targets,
                              ThreadPool& pool);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_CONFORMANCE_KERNEL_CASES_H_
