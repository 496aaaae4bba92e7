#include "runtime/threads/thread_pool.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"

#if !defined(__wasm__)
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <vector>
#endif

namespace pedigree {

Range SplitRange(size_t count, size_t grain, int index, int parts) {
  const size_t units = (count + grain - 1) / grain;
  const size_t part_count = static_cast<size_t>(parts);
  const size_t part = static_cast<size_t>(index);
  return {std::min(count, units * part / part_count * grain),
          std::min(count, units * (part + 1) / part_count * grain)};
}

#if defined(__wasm__)

struct ThreadPool::State {};

int AvailableThreads() { return 1; }
ThreadPool::ThreadPool(int /*threads*/) {}
ThreadPool::~ThreadPool() = default;
int ThreadPool::size() const { return 1; }
void ThreadPool::Run(int /*threads*/, absl::FunctionRef<void(int)> work) {
  work(0);
}
void ThreadPool::Barrier() {}

#else

namespace {

// Spins before a thread sleeps that waits for others at a meeting, and for the
// next run: some tens of microseconds and some hundreds. With more threads than
// cores, whoever spins keeps away the one that is waited for: then none does.
// Nor does any yield: who yields to another program waits for the end of its
// slice, milliseconds at every meeting; who sleeps is woken ahead of it.
constexpr int kSpinsAtMeeting = 2000;
constexpr int kSpinsBetweenRuns = 20000;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A number that threads wait for, on a cache line of its own.
template <typename T>
class alignas(64) Signal {
 public:
  T Get() const { return value_.load(std::memory_order_acquire); }

  // Wakes those who sleep.
  void Set(T value) {
    value_.store(value);
    // Who is not counted here has yet to look at the number.
    if (sleepers_.load() > 0) {
      syscall(SYS_futex, &value_, FUTEX_WAKE_PRIVATE, kMaxThreads, nullptr,
              nullptr, 0);
    }
  }

  // The number once it is not `seen`: looks at it `spins` times, then sleeps.
  T AwaitChange(T seen, int spins) {
    for (; spins > 0; --spins) {
      const T value = Get();
      if (value != seen) return value;
      Pause();
    }
    sleepers_.fetch_add(1);
    T value;
    while ((value = value_.load()) == seen) {
      // The system compares the low half, which comes first, once more.
      syscall(SYS_futex, &value_, FUTEX_WAIT_PRIVATE,
              static_cast<uint32_t>(seen), nullptr, nullptr, 0);
    }
    sleepers_.fetch_sub(1);
    return value;
  }

 private:
  std::atomic<T> value_{0};
  std::atomic<int> sleepers_{0};
};

}  // namespace

struct ThreadPool::State {
  // A worker: what pthread_create takes.
  struct Worker {
    State* state;
    int thread;
    pthread_t handle;
  };
  static void* Start(void* worker);
  void Work(int thread);
  void Publish(int threads);
  void Meet();

  // One ticket a run: the number of the run, and how many threads take part.
  // 0 threads end the pool.
  static constexpr uint64_t kThreadsInTicket = 1024;
  Signal<uint64_t> ticket;
  // The barrier: how many have arrived, and how often all have.
  alignas(64) std::atomic<int> arrived{0};
  Signal<uint32_t> meetings;

  // Written before a ticket is published, read by its threads only.
  const absl::FunctionRef<void(int)>* work = nullptr;
  int running = 1;

  int spins_at_meeting = kSpinsAtMeeting;
  int spins_between_runs = kSpinsBetweenRuns;

  std::vector<Worker> workers;
};

void* ThreadPool::State::Start(void* worker) {
  const Worker* self = static_cast<const Worker*>(worker);
  self->state->Work(self->thread);
  return nullptr;
}

void ThreadPool::State::Work(int thread) {
  uint64_t seen = 0;
  while (true) {
    seen = ticket.AwaitChange(seen, spins_between_runs);
    const int threads = static_cast<int>(seen % kThreadsInTicket);
    if (threads == 0) return;
    if (thread >= threads) continue;
    (*work)(thread);
    Meet();
  }
}

void ThreadPool::State::Publish(int threads) {
  const uint64_t run = ticket.Get() / kThreadsInTicket + 1;
  ticket.Set(run * kThreadsInTicket + static_cast<uint64_t>(threads));
}

void ThreadPool::State::Meet() {
  // Read first: once all have arrived, the next run may begin.
  const int expected = running;
  const uint32_t meeting = meetings.Get();
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == expected) {
    arrived.store(0, std::memory_order_relaxed);
    meetings.Set(meeting + 1);
  } else {
    meetings.AwaitChange(meeting, spins_at_meeting);
  }
}

int AvailableThreads() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  return std::clamp(CPU_COUNT(&allowed), 1, kMaxThreads);
}

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  if (threads > AvailableThreads()) {
    state_->spins_at_meeting = 0;
    state_->spins_between_runs = 0;
  }
  // Workers hold pointers into the vector.
  state_->workers.reserve(static_cast<size_t>(threads - 1));
  for (int thread = 1; thread < threads; ++thread) {
    state_->workers.push_back({state_.get(), thread, {}});
    State::Worker& worker = state_->workers.back();
    if (pthread_create(&worker.handle, nullptr, State::Start, &worker) != 0) {
      state_->workers.pop_back();
      return;
    }
  }
}

ThreadPool::~ThreadPool() {
  state_->Publish(0);
  for (State::Worker& worker : state_->workers) {
    pthread_join(worker.handle, nullptr);
  }
}

int ThreadPool::size() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void ThreadPool::Run(int threads, absl::FunctionRef<void(int)> work) {
  state_->running = threads;
  if (threads > 1) {
    state_->work = &work;
    state_->Publish(threads);
  }
  work(0);
  if (threads > 1) state_->Meet();
}

void ThreadPool::Barrier() {
  if (state_->running > 1) state_->Meet();
}

#endif

}  // namespace pedigree
