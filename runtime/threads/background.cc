#include "runtime/threads/background.h"

#include <functional>
#include <memory>
#include <utility>

#if !defined(__wasm__)
#include <pthread.h>
#endif

namespace pedigree {

struct Background::State {
  std::function<void()> work;
  bool waiting = true;
#if !defined(__wasm__)
  static void* Start(void* state) {
    static_cast<State*>(state)->work();
    return nullptr;
  }
  bool started = false;
  pthread_t thread = {};
#endif
};

Background::Background(std::function<void()> work)
    : state_(std::make_unique<State>()) {
  state_->work = std::move(work);
#if !defined(__wasm__)
  state_->started = pthread_create(&state_->thread, nullptr, State::Start,
                                   state_.get()) == 0;
#endif
}

Background::~Background() { Wait(); }

void Background::Wait() {
  if (!state_->waiting) return;
  state_->waiting = false;
#if !defined(__wasm__)
  if (state_->started) {
    pthread_join(state_->thread, nullptr);
    return;
  }
#endif
  state_->work();
}

}  // namespace pedigree
