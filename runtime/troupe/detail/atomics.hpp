#pragma once

#include <atomic>

namespace troupe::detail {

// Parts without locks take their atomics from a policy: this one here, a model
// checker's in tests/weak_memory. So what is checked is what is shipped.
struct std_atomics {
  template <class T>
  using atomic = std::atomic<T>;

  // Data that is no atomic and yet goes from thread to thread.
  template <class T>
  using plain = T;

  // Somebody else must go on first. At first this takes about a microsecond:
  // whoever has a contended lock's memory does more with it before it goes to
  // another core. Who has asked `round` times in vain sleeps: the lock is in
  // such demand that one thread alone gets more done, or its owner waits for
  // this very processor.
  static void pause(unsigned round) noexcept {
    if (round >= 2) {
      nap();
      return;
    }
#if defined(__x86_64__)
    for (int i = 0; i < 64; ++i)
      __builtin_ia32_pause();
#endif
  }

private:
  static void nap() noexcept; // some 50 microseconds
};

} // namespace troupe::detail
