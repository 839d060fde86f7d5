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

  // Somebody else must go on first. It takes about a microsecond: whoever has a
  // contended lock's memory does more with it before it goes to another core.
  static void pause() noexcept {
#if defined(__x86_64__)
    for (int i = 0; i < 64; ++i)
      __builtin_ia32_pause();
#endif
  }
};

} // namespace troupe::detail
