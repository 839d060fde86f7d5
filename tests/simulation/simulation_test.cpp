// One run in virtual time.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <stdexcept>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> tick(int times, std::chrono::nanoseconds pause) {
  for (int i = 0; i < times; ++i)
    co_await sleep(pause);
}

coro<void> write_down(std::vector<int>& seen, int number) {
  seen.push_back(number);
  co_await sleep(0s);
  seen.push_back(-number);
}

template <class F>
test::failure failure_of(F&& program, test::simulation_options options = {}) {
  test::simulation sim{options};
  try {
    sim.run(program);
  } catch (const test::failure& found) {
    return found;
  }
  FAIL("the program did not fail");
  throw 0;
}

} // namespace

TEST_CASE("simulation: a day of timers takes no time") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    co_await tick(24, 1h);
    test::require(test::time() == 24h);
  });
  CHECK(sim.elapsed() == 24h);
}

TEST_CASE("simulation: fifo is the order of asyncio") {
  std::vector<int> seen;
  test::simulation sim{{.how = test::strategy::fifo}};
  sim.run([&]() -> coro<void> {
    auto a = create_task(write_down(seen, 1));
    auto b = create_task(write_down(seen, 2));
    co_await a;
    co_await b;
  });
  CHECK(seen == std::vector{1, 2, -1, -2});
}

TEST_CASE("simulation: another seed may give another order, the same never") {
  std::vector<std::vector<int>> orders;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::vector<int> first;
    std::uint64_t hash = 0;
    for (int repeat = 0; repeat < 2; ++repeat) {
      std::vector<int> seen;
      test::simulation sim{seed};
      sim.run([&]() -> coro<void> {
        auto a = create_task(write_down(seen, 1));
        auto b = create_task(write_down(seen, 2));
        co_await a;
        co_await b;
      });
      if (repeat == 1) {
        CHECK(seen == first);
        CHECK(sim.trace_hash() == hash);
      }
      first = seen;
      hash = sim.trace_hash();
    }
    if (std::find(orders.begin(), orders.end(), first) == orders.end())
      orders.push_back(first);
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("simulation: the program's exception is the failure") {
  auto found = failure_of([]() -> coro<void> {
    co_await sleep(1s);
    throw std::runtime_error("the till is empty");
  });
  CHECK(found.kind == "exception");
  CHECK_THAT(found.what(), Catch::Contains("the till is empty")
                             && Catch::Contains("simulation_test.cpp")
                             && Catch::Contains("TROUPE_SCHEDULE=t1."));
}

TEST_CASE("simulation: a program that waits for ever is told, and why") {
  auto found = failure_of([]() -> coro<void> {
    auto never = get_running_loop().create_future<int>();
    auto waiter = create_task(
      [](future<int> x) -> coro<void> {
        co_await x;
      }(never),
      {.name = "patient"});
    co_await waiter;
  });
  CHECK(found.kind == "deadlock");
  CHECK_THAT(found.what(), Catch::Contains("2 tasks wait")
                             && Catch::Contains("patient")
                             && Catch::Contains("waits for patient"));
}

TEST_CASE("simulation: a circle of tasks is told at the step that closes it") {
  auto found = failure_of([]() -> coro<void> {
    std::vector<task<void>> all;
    auto wait_for
      = [](std::vector<task<void>>& tasks, std::size_t other) -> coro<void> {
      co_await sleep(0s);
      auto target = tasks[other];
      co_await target;
    };
    all.push_back(create_task(wait_for(all, 1), {.name = "one"}));
    all.push_back(create_task(wait_for(all, 0), {.name = "two"}));
    co_await sleep(1h); // the rest of the program could go on
  });
  CHECK(found.kind == "deadlock");
  CHECK_THAT(found.what(), Catch::Contains("circle") && Catch::Contains("one")
                             && Catch::Contains("two")
                             && !Catch::Contains("3600.0 "));
}

TEST_CASE("simulation: a circle that may be broken is no failure") {
  test::simulation sim{{.may_break_cycles = true}};
  sim.run([]() -> coro<void> {
    std::vector<task<void>> all;
    auto wait_for
      = [](std::vector<task<void>>& tasks, std::size_t other) -> coro<void> {
      co_await sleep(0s);
      auto target = tasks[other];
      try {
        co_await target;
      } catch (const cancelled_error&) {
      }
    };
    all.push_back(create_task(wait_for(all, 1)));
    all.push_back(create_task(wait_for(all, 0)));
    co_await sleep(1h);
    all[0].cancel();
    for (auto& each : all)
      co_await each;
  });
}

TEST_CASE("simulation: a task that is left over is told with its place") {
  auto found = failure_of([]() -> coro<void> {
    create_task(tick(1, 1h), {.name = "forgotten"});
    co_await sleep(1s);
  });
  CHECK(found.kind == "left over");
  CHECK_THAT(found.what(),
             Catch::Contains("forgotten") && Catch::Contains("tick"));
}

TEST_CASE("simulation: tasks may be left if that is wanted") {
  test::simulation sim{{.may_leave_tasks = true}};
  sim.run([]() -> coro<void> {
    create_task(tick(1, 1h));
    co_await sleep(1s);
  });
}

TEST_CASE("simulation: an exception that nobody takes is told") {
  auto found = failure_of([]() -> coro<void> {
    create_task([]() -> coro<void> {
      throw std::runtime_error("nobody looks");
      co_return;
    }());
    co_await sleep(1s);
  });
  CHECK(found.kind == "unhandled");
  CHECK_THAT(found.what(), Catch::Contains("nobody looks"));
}

TEST_CASE("simulation: a coroutine that is never awaited is told") {
  auto found = failure_of([]() -> coro<void> {
    auto forgotten = tick(1, 1s);
    co_await sleep(1s);
  });
  CHECK(found.kind == "unhandled");
  CHECK_THAT(found.what(),
             Catch::Contains("never awaited") && Catch::Contains("tick"));
}

TEST_CASE("simulation: a program that does not end is stopped") {
  auto found = failure_of(
    []() -> coro<void> {
      for (;;)
        co_await sleep(0s);
    },
    {.max_steps = 1'000});
  CHECK(found.kind == "endless");
}

TEST_CASE("simulation: work for threads runs as steps") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    auto work = [] {
      return 20 + 22;
    };
    int sum = co_await to_thread(work);
    test::require(sum == 42);
    bool alone = co_await to_thread([] { return !test::simulated(); });
    test::require(alone, "the work is outside the loop");
  });
}

TEST_CASE("simulation: what waits until all others wait sees their work") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    test::simulation sim{seed};
    sim.run([]() -> coro<void> {
      int done = 0;
      auto work = [](int& count) -> coro<void> {
        for (int i = 0; i < 5; ++i)
          co_await sleep(0s);
        ++count;
      };
      auto a = create_task(work(done));
      auto b = create_task(work(done));
      co_await test::wait_all_tasks_blocked();
      test::require(done == 2);
      test::require(test::time() == 0s, "time stood still");
      co_await a;
      co_await b;
    });
  }
}

TEST_CASE("simulation: advance lets the timers of the time between ring") {
  test::simulation sim;
  sim.run([]() -> coro<void> {
    int rung = 0;
    auto count = [](int& x) -> coro<void> {
      for (int i = 0; i < 10; ++i) {
        co_await sleep(1s);
        ++x;
      }
    };
    auto clock = create_task(count(rung));
    co_await test::advance(3500ms);
    test::require(rung == 3);
    co_await test::eventually([&] { return rung == 10; });
    co_await clock;
  });
}

TEST_CASE("simulation: what does not come true is told") {
  auto found = failure_of([]() -> coro<void> {
    co_await test::eventually([] { return false; }, 10s);
  });
  CHECK(found.kind == "exception");
  CHECK_THAT(found.what(), Catch::Contains("eventually"));
}

TEST_CASE("simulation: one runs after the other, failed or not") {
  test::simulation sim;
  for (int i = 0; i < 3; ++i) {
    sim.run([]() -> coro<void> { co_await sleep(1s); });
    CHECK_THROWS_AS(sim.run([]() -> coro<void> {
      co_await get_running_loop().create_future<int>();
    }),
                    test::failure);
  }
}

TEST_CASE("simulation: what is for simulations says so elsewhere") {
  CHECK_THROWS_AS(test::time(), error);
  CHECK_THROWS_AS(test::random(), error);
  CHECK_THROWS_AS(
    run([]() -> coro<void> { co_await test::wait_all_tasks_blocked(); }),
    error);
  CHECK_FALSE(test::simulated());
}

TEST_CASE("simulation: settings out of range are refused") {
  CHECK_THROWS_AS(test::simulation({.depth = 9}), std::invalid_argument);
  CHECK_THROWS_AS(test::simulation({.odds = 1001}), std::invalid_argument);
  CHECK_THROWS_AS(test::simulation({.schedule = "nonsense"}),
                  std::invalid_argument);
  CHECK_THROWS_AS(test::simulation({.schedule = "t1.A"}),
                  std::invalid_argument);
}

TEST_CASE("simulation: a timer that is left over does not ring in the next") {
  test::simulation sim;
  int rang = 0;
  for (int i = 0; i < 3; ++i)
    sim.run([&]() -> coro<void> {
      get_running_loop().call_later(1h, [&] { ++rang; });
      co_await sleep(i == 2 ? 2h : 1s);
    });
  CHECK(rang == 1);
}
