#pragma once

#include <troupe/detail/atomics.hpp>

namespace troupe::detail {

// What an alarm shares with its sleeper. It belongs to the sleeper's op and to
// the loop's timers; whoever takes the sleeper out first answers it.
template <class Sleeper, class Atomics = std_atomics>
class basic_alarm_state {
public:
  explicit basic_alarm_state(Sleeper& sleeper) noexcept : sleeper_(&sleeper) {}

  // The sleeper, once. relaxed: who comes second touches nothing, and who comes
  // first learned of the sleeper with the alarm.
  Sleeper* take() noexcept {
    return sleeper_.exchange(nullptr, std::memory_order_relaxed);
  }

  // To look at; null if it was taken.
  Sleeper* peek() const noexcept {
    return sleeper_.load(std::memory_order_relaxed);
  }

  // True for the second of the two: it ends the alarm. Who sees itself alone
  // needs no locked instruction.
  bool release() noexcept {
    return owners_.load(std::memory_order_acquire) == 1
        || owners_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

private:
  typename Atomics::template atomic<Sleeper*> sleeper_;
  typename Atomics::template atomic<int> owners_{2};
};

} // namespace troupe::detail
