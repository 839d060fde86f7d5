#pragma once

#include <troupe/detail/atomics.hpp>

namespace troupe::detail {

// A lock for a few instructions. Taken without waiting it costs one exchange.
template <class Atomics = std_atomics>
class basic_spinlock {
public:
  void lock() noexcept {
    unsigned round = 0;
    while (locked_.exchange(true, std::memory_order_acquire))
      while (locked_.load(std::memory_order_relaxed))
        Atomics::pause(round++);
  }

  void unlock() noexcept {
    locked_.store(false, std::memory_order_release);
  }

private:
  typename Atomics::template atomic<bool> locked_{false};
};

using spinlock = basic_spinlock<>;

} // namespace troupe::detail
