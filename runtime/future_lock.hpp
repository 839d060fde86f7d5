#pragma once

#include "runtime/loop_core.hpp"

namespace troupe::detail {

// Guards the line and the name of a future where several workers may come.
class future_lock {
public:
  explicit future_lock(const future_core& x) noexcept
    : core_(x), needed_(!x.home_->exclusive()) {
    if (needed_)
      while (core_.locked_.exchange(true, std::memory_order_acquire))
        spin_pause();
  }

  ~future_lock() {
    if (needed_)
      core_.locked_.store(false, std::memory_order_release);
  }

  future_lock(const future_lock&) = delete;
  future_lock& operator=(const future_lock&) = delete;

private:
  const future_core& core_;
  bool needed_;
};

} // namespace troupe::detail
