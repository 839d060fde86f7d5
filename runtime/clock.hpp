#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#  include <x86intrin.h>
#endif

namespace troupe::detail {

// What a thread last read from the steady clock, and when it did, counted by
// the processor.
struct clock_reading {
  std::uint64_t ticks = 0;
  std::int64_t time = 0;
};

inline thread_local constinit clock_reading last_reading;

inline std::uint64_t processor_ticks() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return last_reading.ticks + ~std::uint64_t{0}; // always long ago
#endif
}

// Nanoseconds of the steady clock. The counter is read first: a thread that is
// put aside between the two has a reading that seems older than it is.
inline std::int64_t steady_now() noexcept {
  std::uint64_t ticks = processor_ticks();
  auto time = std::chrono::steady_clock::now().time_since_epoch().count();
  last_reading = {ticks, time};
  return time;
}

// The same, at most about a microsecond old: it is read again only if the
// processor has counted so long, which takes half the time to ask. Nothing is
// assumed of its counter but that it counts at 1 to 5 GHz; if it jumps, the
// clock is read.
inline std::int64_t recent_now() noexcept {
  constexpr std::uint64_t short_while = 2048;
  if (processor_ticks() - last_reading.ticks < short_while)
    return last_reading.time;
  return steady_now();
}

} // namespace troupe::detail
