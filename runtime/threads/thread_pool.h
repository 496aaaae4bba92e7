// A few threads that work on one thing together, meeting often.

#ifndef PEDIGREE_RUNTIME_THREADS_THREAD_POOL_H_
#define PEDIGREE_RUNTIME_THREADS_THREAD_POOL_H_

#include <cstddef>
#include <memory>

#include "absl/functional/function_ref.h"

namespace pedigree {

inline constexpr int kMaxThreads = 256;

// Cores that this process may run on, at least 1 and at most kMaxThreads. 1 in
// WebAssembly.
int AvailableThreads();

// Threads are started once. Between runs they watch for the next one for some
// tens of microseconds, then sleep. How many there are never changes a result:
// what each computes is fixed by the caller.
class ThreadPool {
 public:
  // `threads` counts the caller's own: 1..kMaxThreads. Fewer than asked for when
  // the system gives no more (always 1 in WebAssembly).
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Calls work(i) for i < threads, each on a thread of its own, the first on the
  // caller's; returns when all have returned. 1 <= threads <= size(). One run at
  // a time; not from inside a run.
  void Run(int threads, absl::FunctionRef<void(int)> work);

  // Inside a run, from each of its threads: returns once all of them have called
  // it. What any wrote before is then seen by all.
  void Barrier();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Part `index` of `parts` of [0, count), cut at multiples of `grain`.
struct Range {
  size_t begin = 0;
  size_t end = 0;
};
Range SplitRange(size_t count, size_t grain, int index, int parts);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_THREADS_THREAD_POOL_H_
