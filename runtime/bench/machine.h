// What this machine can do at most, the limits that a benchmark is held against, and
// what a run took of it. Native only.

#ifndef PEDIGREE_RUNTIME_BENCH_MACHINE_H_
#define PEDIGREE_RUNTIME_BENCH_MACHINE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/kernels/kernels.h"
#include "runtime/tensor/aligned_buffer.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

// Seconds on a clock that only grows.
double SteadySeconds();

// Memory of this process that is resident, mapped files included: now, and at most
// so far or since ResetPeakResident.
struct ResidentBytes {
  uint64_t now = 0;
  uint64_t peak = 0;
};

// Errors: kNotFound or kInternal where /proc does not tell.
absl::StatusOr<ResidentBytes> ReadResidentBytes();
absl::Status ResetPeakResident();

// Measures how fast memory is read.
class BandwidthProbe {
 public:
  // What is summed: more than any cache holds, and no power of two, since places a
  // power of two apart share banks of memory and are read slower.
  static constexpr uint64_t kBytes = uint64_t{1100} << 20;

  // Errors: code ResourceLimit.
  static absl::StatusOr<BandwidthProbe> Create();

  // Bytes a second that `threads` threads of `pool` read while they sum kBytes,
  // each front to back or at four places side by side, whichever is faster: which
  // one that is depends on the processor's prefetcher. They sum them once before,
  // untimed: memory that was left alone for seconds can be several times slower at
  // first on a virtual machine.
  double Measure(ThreadPool& pool, int threads);

 private:
  explicit BandwidthProbe(AlignedBuffer buffer);

  AlignedBuffer buffer_;
};

// 8-bit multiply-adds a second of `threads` threads that do nothing else, with
// all operands in registers.
double Int8Peak(const Kernels& kernels, ThreadPool& pool, int threads);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_BENCH_MACHINE_H_
