// Barriers in explored orders, with a task cancelled at every step, and with a
// reset or an abort at every step.

#include <troupe/barrier.hpp>
#include <troupe/error.hpp>

#include "simulation/injection.hpp"

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> meet(barrier gate, std::vector<std::size_t>& places) {
  std::size_t place = co_await gate.wait();
  places.push_back(place);
}

coro<bool> meet_or_break(barrier gate) {
  try {
    co_await gate.wait();
  } catch (const broken_barrier_error&) {
    co_return false;
  }
  co_return true;
}

coro<void> meet_often(barrier gate, int rounds, int mine,
                      std::vector<int>& round_of) {
  for (int i = 0; i < rounds; ++i) {
    co_await gate.wait();
    round_of[static_cast<std::size_t>(mine)] = i + 1;
    // Nobody is more than one round ahead.
    auto [least, most] = std::minmax_element(round_of.begin(), round_of.end());
    test::require(*most - *least <= 1, "all meet in each round");
  }
}

} // namespace

TEST_CASE("coordination: rounds of a barrier never mix") {
  auto found = everywhere::explore(
    []() -> coro<void> {
      barrier gate{3, "gate"};
      std::vector<int> round_of(3);
      std::vector<task<>> all;
      for (int i = 0; i < 3; ++i)
        all.push_back(create_task(meet_often(gate, 3, i, round_of)));
      for (auto& each : all)
        co_await each;
    },
    {.schedules = 20'000});
  INFO(found.text());
  CHECK(found.ok());
}

TEST_CASE("coordination: a place at a barrier is not lost with a cancelled "
          "task") {
  explore_cancellations(4, 8, [](injection where) -> coro<void> {
    barrier gate{3, "gate"};
    std::vector<std::size_t> places;
    std::vector<task<>> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(create_task(meet(gate, places)));
    auto strike = where.strike(all);
    co_await strike;
    co_await test::wait_all_tasks_blocked();
    // Those who wait are as many as are missing for a round.
    std::size_t waiting = gate.n_waiting();
    test::require(gate.statistics().leaving == 0, "nobody is stuck");
    std::size_t ended = 0;
    for (auto& each : all)
      ended += each.done();
    test::require(waiting + ended == 4);
    if (waiting > 0)
      for (std::size_t i = waiting; i < 3; ++i)
        all.push_back(create_task(meet(gate, places)));
    for (auto& each : all)
      co_await ended_cancelled(each);
    test::require(gate.n_waiting() == 0);
    test::require(std::count(places.begin(), places.end(), 1u) >= 1);
  });
}

TEST_CASE("coordination: a barrier can be reset at any moment") {
  for (int step = 0; step < 6; ++step) {
    INFO("step " << step);
    auto found = everywhere::explore(
      [&]() -> coro<void> {
        barrier gate{3, "gate"};
        std::vector<task<bool>> all;
        for (int i = 0; i < 3; ++i)
          all.push_back(create_task(meet_or_break(gate)));
        co_await steps_of(step);
        gate.reset();
        co_await test::wait_all_tasks_blocked();
        // Those who came after the reset wait for the rest.
        std::size_t waiting = gate.n_waiting();
        if (waiting > 0)
          for (std::size_t i = waiting; i < 3; ++i)
            all.push_back(create_task(meet_or_break(gate)));
        for (auto& each : all)
          co_await each;
        test::require(!gate.broken());
        auto end = gate.statistics();
        test::require(end.waiting == 0 && end.leaving == 0 && end.early == 0);
      },
      {.schedules = 3'000});
    INFO(found.text());
    REQUIRE(found.ok());
  }
}

TEST_CASE("coordination: a barrier can be aborted at any moment") {
  for (int step = 0; step < 6; ++step) {
    INFO("step " << step);
    auto found = everywhere::explore(
      [&]() -> coro<void> {
        barrier gate{3, "gate"};
        std::vector<task<bool>> all;
        for (int i = 0; i < 5; ++i)
          all.push_back(create_task(meet_or_break(gate)));
        co_await steps_of(step);
        gate.abort();
        int met = 0;
        for (auto& each : all)
          met += co_await each;
        test::require(met <= 3, "no second round");
        test::require(gate.broken());
        gate.reset();
        std::vector<task<bool>> next;
        for (int i = 0; i < 3; ++i)
          next.push_back(create_task(meet_or_break(gate)));
        for (auto& each : next) {
          bool whole = co_await each;
          test::require(whole, "it works again");
        }
      },
      {.schedules = 3'000});
    INFO(found.text());
    REQUIRE(found.ok());
  }
}
