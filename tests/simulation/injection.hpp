#pragma once

#include <troupe/simulation.hpp>
#include <troupe/task.hpp>

#include "simulation/everywhere.hpp"
#include "support/test.hpp"

#include <string>
#include <utility>
#include <vector>

// Cancellations that come at every step of a scenario, in explored orders.

inline troupe::coro<void> steps_of(int count) {
  for (int i = 0; i < count; ++i)
    co_await troupe::sleep(std::chrono::seconds{0});
}

// Where the cancellation comes: which task, after how many steps.
struct injection {
  std::size_t victim = 0;
  int step = 0;

  // Makes the task that cancels; none of `tasks` is cancelled if there is no
  // such victim.
  template <class T>
  troupe::task<> strike(const std::vector<troupe::task<T>>& tasks) const {
    for (const auto& each : tasks)
      everywhere::is_victim(each);
    return troupe::create_task(strike_later(*this, all_of(tasks)));
  }

private:
  template <class T>
  static std::vector<troupe::any_task>
  all_of(const std::vector<troupe::task<T>>& tasks) {
    return {tasks.begin(), tasks.end()};
  }

  static troupe::coro<void> strike_later(injection where,
                                         std::vector<troupe::any_task> tasks) {
    co_await steps_of(where.step);
    if (where.victim < tasks.size())
      tasks[where.victim].cancel();
  }
};

// True if the task ended by its cancellation.
template <class T>
troupe::coro<bool> ended_cancelled(troupe::task<T> x) {
  try {
    co_await x;
  } catch (const troupe::cancelled_error&) {
    co_return true;
  }
  co_return false;
}

// Explores `program(injection)` with each of `victims` tasks cancelled after
// each of `steps` steps, and once with none.
template <class F>
void explore_cancellations(std::size_t victims, int steps, F program,
                           std::uint64_t schedules = 400) {
  if (everywhere::wanted()) {
    auto by_itself = [&]() -> troupe::coro<void> {
      return program(injection{victims, 0});
    };
    everywhere::cancel_at_each_await(by_itself);
    return;
  }
  auto explore = [&](injection where) {
    INFO("victim " << where.victim << ", step " << where.step);
    troupe::test::explore_options options;
    options.schedules = schedules;
    options.seed = where.victim * 1'000'000
                 + static_cast<std::uint64_t>(where.step) * 1'000 + 1;
    auto found = troupe::test::explore(
      [&]() -> troupe::coro<void> { return program(where); }, options);
    INFO(found.text());
    REQUIRE(found.ok());
  };
  explore({victims, 0});
  for (std::size_t victim = 0; victim < victims; ++victim)
    for (int step = 0; step <= steps; ++step)
      explore({victim, step});
}
