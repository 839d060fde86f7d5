#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#  include <x86intrin.h>
#endif

namespace troupe::detail {

// Nanoseconds of the steady clock, at most about a microsecond old: a thread
// that asks again sooner gets the same answer. The processor's counter tells
// how long ago that was in half the time that the clock takes. Nothing is
// assumed of it but that it counts at 1 to 5 GHz; if it jumps, the clock is
// asked.
inline std::int64_t steady_now() noexcept {
  auto ask = [] {
    return std::chrono::steady_clock::now().time_since_epoch().count();
  };
#if defined(__x86_64__)
  constexpr std::uint64_t short_while = 2048; // ticks
  static thread_local constinit struct {
    std::uint64_t ticks = 0;
    std::int64_t time = 0;
  } last;
  std::uint64_t ticks = __rdtsc();
  if (ticks - last.ticks >= short_while)
    last = {ticks, ask()};
  return last.time;
#else
  return ask();
#endif
}

} // namespace troupe::detail
