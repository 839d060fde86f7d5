#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

// A flag that threads wait for by blocking. Copies name the same flag.
class flag {
public:
  void set() const {
    auto state = state_; // whoever waited may destroy this handle
    std::lock_guard guard{state->mutex};
    state->is_set = true;
    state->changed.notify_all();
  }

  void wait() const {
    auto state = state_;
    std::unique_lock guard{state->mutex};
    state->changed.wait(guard, [&] { return state->is_set; });
  }

private:
  struct flag_state {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_set = false;
  };

  std::shared_ptr<flag_state> state_ = std::make_shared<flag_state>();
};
