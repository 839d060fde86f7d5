// What asyncio's barriers promise.

#include <troupe/barrier.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Waits; writes down its number, or -1 if the barrier broke.
coro<void> meet(barrier gate, record<int>& seen) {
  try {
    std::size_t place = co_await gate.wait();
    seen.add(static_cast<int>(place));
  } catch (const broken_barrier_error&) {
    seen.add(-1);
  }
}

std::vector<int> sorted(std::vector<int> x) {
  std::sort(x.begin(), x.end());
  return x;
}

template <class T>
coro<void> await_all(std::vector<task<T>>& all) {
  for (auto& each : all)
    co_await each;
}

} // namespace

TEST_CASE("barrier: takes at least one party (fact 214)", "[barrier]") {
  for (int parties : {0, -1})
    CHECK_THROWS_AS(barrier{parties}, std::invalid_argument);
}

TEST_CASE("barrier: all pass and get each number once (fact 215)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    barrier_statistics after;
    run(
      [&]() -> coro<void> {
        barrier gate{5};
        std::vector<task<>> all;
        for (int i = 0; i < 5; ++i)
          all.push_back(create_task(meet(gate, seen)));
        co_await await_all(all);
        after = gate.statistics();
      },
      options);

    CHECK(sorted(seen.all()) == std::vector{0, 1, 2, 3, 4});
    CHECK(after.waiting == 0);
    CHECK(after.leaving == 0);
    CHECK_FALSE(after.broken);
  });
}

TEST_CASE("barrier: one party passes at once (fact 216)", "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    run(
      [&]() -> coro<void> {
        barrier gate{1};
        co_await meet(gate, seen);
        co_await meet(gate, seen);
      },
      options);

    CHECK(seen.all() == std::vector{0, 0});
  });
}

TEST_CASE("barrier: counts who waits (fact 217)", "[barrier]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::size_t> waiting;
    run(
      [&]() -> coro<void> {
        barrier gate{3};
        record<int> seen;
        std::vector<task<>> all;
        waiting.push_back(gate.n_waiting());
        for (std::size_t i = 1; i < 3; ++i) {
          all.push_back(create_task(meet(gate, seen)));
          co_await waiting_at(gate, i);
          waiting.push_back(gate.n_waiting());
        }
        co_await gate.wait();
        waiting.push_back(gate.n_waiting());
        co_await await_all(all);
      },
      options);

    CHECK(waiting == std::vector<std::size_t>{0, 1, 2, 0});
  });
}

TEST_CASE("barrier: who comes back while others leave belongs to the next "
          "round (fact 219)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    barrier_statistics draining;
    barrier_statistics after;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      barrier gate{3};
      std::vector<task<>> all;
      for (std::size_t i = 1; i <= 2; ++i) {
        all.push_back(create_task(meet(gate, seen), in_group));
        co_await waiting_at(gate, i);
      }
      co_await gate.wait(); // the last: the others leave later
      draining = gate.statistics();
      auto again = create_task(meet(gate, seen), in_group);
      co_await await_all(all);
      co_await waiting_at(gate, 1);
      after = gate.statistics();
      auto next = create_task(meet(gate, seen), in_group);
      co_await waiting_at(gate, 2);
      co_await gate.wait();
      co_await again;
      co_await next;
    });

    CHECK(draining.leaving == 2);
    CHECK(after.early == 0);
    CHECK(seen.all() == std::vector{0, 1, 0, 1});
  });
}

TEST_CASE("barrier: a cancelled task leaves and breaks nothing (fact 220)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    std::vector<std::size_t> waiting;
    bool broken = true;
    run(
      [&]() -> coro<void> {
        barrier gate{3};
        record<int> ignored;
        auto gone = create_task(meet(gate, ignored));
        co_await waiting_at(gate, 1);
        auto stays = create_task(meet(gate, seen));
        co_await waiting_at(gate, 2);
        gone.cancel();
        co_await ending_of(gone);
        waiting.push_back(gate.n_waiting());
        broken = gate.broken();
        auto second = create_task(meet(gate, seen));
        auto third = create_task(meet(gate, seen));
        co_await stays;
        co_await second;
        co_await third;
      },
      options);

    CHECK(waiting == std::vector<std::size_t>{1});
    CHECK_FALSE(broken);
    CHECK(sorted(seen.all()) == std::vector{0, 1, 2});
  });
}

TEST_CASE("barrier: a reset with nobody waiting breaks nothing (fact 221)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    bool broken = true;
    run(
      [&]() -> coro<void> {
        barrier gate{2};
        gate.reset();
        broken = gate.broken();
        auto other = create_task(meet(gate, seen));
        co_await meet(gate, seen);
        co_await other;
      },
      options);

    CHECK_FALSE(broken);
    CHECK(sorted(seen.all()) == std::vector{0, 1});
  });
}

TEST_CASE("barrier: a reset sends away who waits (fact 222)", "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    bool broken = true;
    std::size_t waiting = 1;
    run(
      [&]() -> coro<void> {
        barrier gate{3};
        std::vector<task<>> all;
        for (std::size_t i = 1; i <= 2; ++i) {
          all.push_back(create_task(meet(gate, seen)));
          co_await waiting_at(gate, i);
        }
        gate.reset();
        co_await await_all(all);
        broken = gate.broken();
        waiting = gate.n_waiting();
      },
      options);

    CHECK(seen.all() == std::vector{-1, -1});
    CHECK_FALSE(broken);
    CHECK(waiting == 0);
  });
}

TEST_CASE("barrier: a reset while they leave breaks it for those still inside "
          "(fact 223)",
          "[barrier][order]") {
  record<int> seen;
  bool broken = true;
  run([&]() -> coro<void> {
    barrier gate{5};
    // The first of those who leave resets.
    auto first = create_task([&]() -> coro<void> {
      std::size_t place = co_await gate.wait();
      seen.add(static_cast<int>(place));
      gate.reset();
    });
    std::vector<task<>> all;
    for (int i = 0; i < 3; ++i)
      all.push_back(create_task(meet(gate, seen)));
    co_await turns(1);
    co_await gate.wait();
    co_await first;
    co_await await_all(all);
    broken = gate.broken();
  });

  CHECK(seen.all() == std::vector{0, -1, -1, -1});
  CHECK_FALSE(broken);
}

TEST_CASE("barrier: who waits again after a reset meets in a new round "
          "(fact 225)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> broken;
    record<int> met;
    run(
      [&]() -> coro<void> {
        barrier gate{3};
        std::vector<task<>> all;
        for (std::size_t i = 1; i <= 2; ++i) {
          all.push_back(create_task([&]() -> coro<void> {
            co_await meet(gate, broken);
            co_await meet(gate, met);
          }));
          co_await waiting_at(gate, i);
        }
        gate.reset();
        co_await meet(gate, met);
        co_await await_all(all);
      },
      options);

    CHECK(broken.all() == std::vector{-1, -1});
    CHECK(sorted(met.all()) == std::vector{0, 1, 2});
  });
}

TEST_CASE("barrier: an aborted one sends all away until it is reset "
          "(fact 227)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    std::vector<bool> broken;
    run(
      [&]() -> coro<void> {
        barrier gate{3};
        std::vector<task<>> all;
        for (std::size_t i = 1; i <= 2; ++i) {
          all.push_back(create_task(meet(gate, seen)));
          co_await waiting_at(gate, i);
        }
        gate.abort();
        broken.push_back(gate.broken());
        co_await await_all(all);
        co_await meet(gate, seen);
        broken.push_back(gate.broken());
        gate.reset();
        broken.push_back(gate.broken());
      },
      options);

    CHECK(seen.all() == std::vector{-1, -1, -1});
    CHECK(broken == std::vector{true, true, false});
  });
}

TEST_CASE("barrier: an abort reaches those who leave and those who came early "
          "(fact 227)",
          "[barrier][order]") {
  record<int> seen;
  run([&]() -> coro<void> {
    barrier gate{3};
    std::vector<task<>> all;
    all.push_back(create_task(meet(gate, seen)));
    all.push_back(create_task(meet(gate, seen)));
    co_await turns(1);
    auto early = create_task(meet(gate, seen));
    co_await gate.wait();
    get_running_loop().call_soon([&] { gate.abort(); });
    co_await await_all(all);
    co_await early;
  });

  // The early one ran before those who left, and waited for them.
  CHECK(seen.all() == std::vector{0, 1, -1});
}

TEST_CASE("barrier: one who fails and aborts sends the others away "
          "(fact 228)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> first;
    record<int> second;
    run(
      [&]() -> coro<void> {
        barrier gate{3};
        std::vector<task<>> all;
        for (int i = 0; i < 3; ++i)
          all.push_back(create_task([&, i]() -> coro<void> {
            co_await meet(gate, first);
            if (i == 0) {
              gate.abort();
              co_return;
            }
            co_await meet(gate, second);
          }));
        co_await await_all(all);
      },
      options);

    // The abort may come before the others have gone on.
    CHECK(first.size() == 3);
    CHECK(second.all() == std::vector{-1, -1});
  });
}

TEST_CASE("barrier: works again when an aborted one is reset (fact 229)",
          "[barrier]") {
  for_each_worker_count([](run_options options) {
    record<int> seen;
    run(
      [&]() -> coro<void> {
        barrier gate{3};
        gate.abort();
        gate.reset();
        std::vector<task<>> all;
        for (int i = 0; i < 3; ++i)
          all.push_back(create_task(meet(gate, seen)));
        co_await await_all(all);
      },
      options);

    CHECK(sorted(seen.all()) == std::vector{0, 1, 2});
  });
}
