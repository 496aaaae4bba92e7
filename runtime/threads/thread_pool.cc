#include "runtime/threads/thread_pool.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"

#if !defined(__wasm__)
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
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

// Spins before a waiting thread lets others run, and before an idle one sleeps:
// some tens of microseconds and some hundreds. With more threads than cores,
// whoever spins keeps away the one that is waited for: then none does.
constexpr int kSpinsBeforeYield = 2000;
constexpr int kSpinsBeforeSleep = 20000;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// On a cache line of its own, so that one's spinning doesn't slow another.
template <typename T>
struct alignas(64) Lonely {
  std::atomic<T> value{0};
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
  // The first ticket that is not `seen`.
  uint64_t AwaitTicket(uint64_t seen);
  void Publish(int threads);
  void Meet();

  // One ticket a run: the number of the run, and how many threads take part.
  // 0 threads end the pool.
  static constexpr uint64_t kThreadsInTicket = 1024;
  Lonely<uint64_t> ticket;
  // The barrier: how many have arrived, and how often all have.
  Lonely<int> arrived;
  Lonely<uint32_t> meetings;

  // Written before a ticket is published, read by its threads only.
  const absl::FunctionRef<void(int)>* work = nullptr;
  int running = 1;

  int spins_before_yield = kSpinsBeforeYield;
  int spins_before_sleep = kSpinsBeforeSleep;

  std::atomic<int> sleepers{0};
  std::mutex mutex;
  std::condition_variable wake;
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
    seen = AwaitTicket(seen);
    const int threads = static_cast<int>(seen % kThreadsInTicket);
    if (threads == 0) return;
    if (thread >= threads) continue;
    (*work)(thread);
    Meet();
  }
}

uint64_t ThreadPool::State::AwaitTicket(uint64_t seen) {
  for (int spins = 0; spins < spins_before_sleep; ++spins) {
    const uint64_t current = ticket.value.load(std::memory_order_acquire);
    if (current != seen) return current;
    Pause();
  }
  std::unique_lock<std::mutex> lock(mutex);
  ++sleepers;
  wake.wait(lock, [&] { return ticket.value.load() != seen; });
  --sleepers;
  return ticket.value.load();
}

void ThreadPool::State::Publish(int threads) {
  const uint64_t run = ticket.value.load() / kThreadsInTicket + 1;
  ticket.value.store(run * kThreadsInTicket + static_cast<uint64_t>(threads));
  // Who was not seen asleep here has yet to look at the ticket.
  if (sleepers.load() > 0) {
    const std::lock_guard<std::mutex> lock(mutex);
    wake.notify_all();
  }
}

void ThreadPool::State::Meet() {
  const int expected = running;
  const uint32_t meeting = meetings.value.load(std::memory_order_relaxed);
  if (arrived.value.fetch_add(1, std::memory_order_acq_rel) + 1 == expected) {
    arrived.value.store(0, std::memory_order_relaxed);
    meetings.value.store(meeting + 1, std::memory_order_release);
    return;
  }
  for (int spins = 0;
       meetings.value.load(std::memory_order_acquire) == meeting; ++spins) {
    if (spins < spins_before_yield) {
      Pause();
    } else {
      sched_yield();
    }
  }
}

int AvailableThreads() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  return std::clamp(CPU_COUNT(&allowed), 1, kMaxThreads);
}

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  if (threads > AvailableThreads()) {
    state_->spins_before_yield = 0;
    state_->spins_before_sleep = 0;
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
