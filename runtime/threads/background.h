// One piece of work beside what the caller does.

#ifndef PEDIGREE_RUNTIME_THREADS_BACKGROUND_H_
#define PEDIGREE_RUNTIME_THREADS_BACKGROUND_H_

#include <functional>
#include <memory>

namespace pedigree {

// Runs `work` on a thread of its own; where the system gives none, and in
// WebAssembly, on the thread that waits.
class Background {
 public:
  explicit Background(std::function<void()> work);
  // Waits.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Returns once the work is done; what it wrote is then seen by the caller.
  void Wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_THREADS_BACKGROUND_H_
