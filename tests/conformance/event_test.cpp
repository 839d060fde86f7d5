// What asyncio's events promise.

#include <troupe/event.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<bool> pass(event gate, record<int>& passed, int who) {
  bool result = co_await gate.wait();
  passed.add(who);
  co_return result;
}

} // namespace

TEST_CASE("event: who did not wait yet passes before those who did, who wake "
          "in their order (fact 182)",
          "[event][order]") {
  record<int> passed;
  std::vector<std::vector<int>> seen;
  run([&]() -> coro<void> {
    event gate;
    auto a = create_task(pass(gate, passed, 1));
    auto b = create_task(pass(gate, passed, 2));
    co_await turns(1);
    seen.push_back(passed.all());
    auto c = create_task(pass(gate, passed, 3));
    gate.set();
    co_await turns(1);
    seen.push_back(passed.all());
    co_await a;
    co_await b;
    co_await c;
  });

  CHECK(seen == std::vector<std::vector<int>>{{}, {3, 1, 2}});
}

TEST_CASE("event: setting it wakes all who wait (fact 182)", "[event]") {
  for_each_worker_count([](run_options options) {
    record<int> passed;
    bool set = false;
    run(
      [&]() -> coro<void> {
        event gate;
        std::vector<task<bool>> all;
        for (int i = 0; i < 100; ++i)
          all.push_back(create_task(pass(gate, passed, i)));
        co_await waiting_at(gate, 100);
        gate.set();
        for (auto& each : all)
          co_await each;
        set = gate.is_set();
      },
      options);

    CHECK(passed.size() == 100);
    CHECK(set);
  });
}

TEST_CASE("event: waiting for a set one returns true without suspending "
          "(fact 183)",
          "[event][order]") {
  std::vector<std::string> seen;
  run([&]() -> coro<void> {
    event gate;
    gate.set();
    get_running_loop().call_soon([&] { seen.push_back("callback"); });
    bool result = co_await gate.wait();
    seen.push_back(result ? "true" : "false");
    co_await turns(1);
  });

  CHECK(seen == std::vector<std::string>{"true", "callback"});
}

TEST_CASE("event: waiting for a set one returns true (fact 183)", "[event]") {
  for_each_worker_count([](run_options options) {
    bool result = false;
    run(
      [&]() -> coro<void> {
        event gate;
        gate.set();
        result = co_await gate.wait();
      },
      options);

    CHECK(result);
  });
}

TEST_CASE("event: a cancelled task leaves the line (fact 184)", "[event]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    std::size_t left = 1;
    run(
      [&]() -> coro<void> {
        event gate;
        record<int> passed;
        auto waiter = create_task(pass(gate, passed, 1));
        co_await waiting_at(gate, 1);
        waiter.cancel();
        end = co_await ending_of(waiter);
        left = gate.statistics().waiting;
      },
      options);

    CHECK(end == "cancelled");
    CHECK(left == 0);
  });
}

TEST_CASE("event: clearing it at once still releases who waited (fact 185)",
          "[event]") {
  for_each_worker_count([](run_options options) {
    bool result = false;
    bool set = true;
    run(
      [&]() -> coro<void> {
        event gate;
        record<int> passed;
        auto waiter = create_task(pass(gate, passed, 1));
        co_await waiting_at(gate, 1);
        gate.set();
        gate.clear();
        result = co_await waiter;
        set = gate.is_set();
      },
      options);

    CHECK(result);
    CHECK_FALSE(set);
  });
}

TEST_CASE("event: a released wait says nothing about the present (fact E14)",
          "[event]") {
  for_each_worker_count([](run_options options) {
    bool set = true;
    run(
      [&]() -> coro<void> {
        event gate;
        auto waiter = create_task([&]() -> coro<void> {
          co_await gate.wait();
          set = gate.is_set();
        });
        co_await waiting_at(gate, 1);
        gate.set();
        gate.clear();
        co_await waiter;
      },
      options);

    CHECK_FALSE(set);
  });
}
