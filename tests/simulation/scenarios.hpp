#pragma once

// What the scenarios share. Each is a program with a promise of the library in
// it, run in some 25,000 orders; together they are more than a million.

#include <troupe/async_generator.hpp>
#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "simulation/everywhere.hpp"
#include "support/test.hpp"

namespace scenarios {

inline constexpr std::uint64_t schedules = 25'000;

// Explores a program; all of the budget is spent.
template <class F>
void explore_all(F program, bool may_break_cycles = false) {
  if (everywhere::wanted()) {
    everywhere::cancel_at_each_await(program, may_break_cycles);
    return;
  }
  auto found
    = troupe::test::explore(program, {.schedules = schedules,
                                      .nothing_new = schedules,
                                      .may_break_cycles = may_break_cycles});
  INFO(found.text());
  CHECK(found.ok());
  CHECK(found.schedules == schedules);
}

// When a cancellation comes: so many milliseconds and turns after the begin.
struct moment {
  int milliseconds = 0;
  int turns = 0;
};

// Explores a program that takes a `moment`, for each of the first milliseconds
// and turns. What the program does takes whole milliseconds, so the
// cancellation comes before, at and after each of its awaits.
template <class F>
void explore_moments(F program, int milliseconds, int turns = 8,
                     bool may_break_cycles = false) {
  if (everywhere::wanted()) {
    auto never = [&] {
      return program(moment{1'000'000, 0});
    };
    everywhere::cancel_at_each_await(never, may_break_cycles);
    return;
  }
  std::uint64_t share
    = schedules / static_cast<std::uint64_t>((milliseconds + 1) * turns) + 1;
  for (int i = 0; i <= milliseconds; ++i)
    for (int k = 0; k < turns; ++k) {
      auto found = troupe::test::explore(
        [&] { return program(moment{i, k}); },
        {.schedules = share,
         .seed = static_cast<std::uint64_t>(i * 100 + k) * 1'000'000 + 1,
         .nothing_new = share,
         .may_break_cycles = may_break_cycles});
      INFO("cancelled after " << i << " ms and " << k << " turns\n"
                              << found.text());
      CHECK(found.ok());
      if (!found.ok())
        return;
    }
}

inline troupe::coro<void> spin(int turns) {
  for (int i = 0; i < turns; ++i)
    co_await troupe::sleep(std::chrono::seconds{0});
}

inline troupe::coro<void> cancel_at(troupe::any_task target, moment when) {
  everywhere::is_victim(target);
  if (everywhere::injecting())
    co_return;
  if (when.milliseconds > 0)
    co_await troupe::sleep(std::chrono::milliseconds{when.milliseconds});
  co_await spin(when.turns);
  target.cancel();
}

// Waits for an end; true if it was not a cancellation.
inline troupe::coro<bool> finished(troupe::any_future x) {
  bool in_full = true;
  try {
    co_await x;
  } catch (const troupe::cancelled_error&) {
    in_full = false;
  }
  co_return in_full;
}

} // namespace scenarios
