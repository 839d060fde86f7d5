// Something that is done once.

#include <troupe/once.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> load(std::atomic<int>& loads, future<void> gate) {
  ++loads;
  co_await gate;
}

coro<void> ask(once tables, std::atomic<int>& loads, future<void> gate) {
  co_await tables.call([&]() { return load(loads, gate); });
}

coro<void> add_up(int& sum, int x, int y) {
  sum += x + y;
  co_return;
}

} // namespace

TEST_CASE("once: the first one does it, the others wait for its end",
          "[once][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> loads{0};
    std::string text;
    bool done_before = true;
    run(
      [&]() -> coro<void> {
        once tables{"tables"};
        auto gate = future<void>::make();
        std::vector<task<>> all;
        all.push_back(create_task(ask(tables, loads, gate), "loader"));
        co_await reached([&] { return loads == 1; });
        for (int i = 0; i < 3; ++i)
          all.push_back(create_task(ask(tables, loads, gate)));
        co_await waiting_at(tables, 3);
        text = to_string(tables);
        done_before = tables.done();
        gate.set_result();
        for (auto& each : all)
          co_await each;
        text += ", " + to_string(tables);
        co_await ask(tables, loads, gate);
      },
      options);

    CHECK(loads == 1);
    CHECK_FALSE(done_before);
    CHECK(text
          == "<once 'tables' run by loader, 3 waiting>, <once 'tables' done>");
  });
}

TEST_CASE("once: after an error the next in line does it", "[once][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> tries{0};
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        once flag;
        auto gate = future<void>::make();
        auto attempt = [&]() -> coro<void> {
          int mine = ++tries;
          co_await gate;
          if (mine < 3)
            throw std::runtime_error("try " + std::to_string(mine));
        };
        std::vector<task<>> all;
        for (std::size_t i = 0; i < 4; ++i) {
          all.push_back(create_task(flag.call(attempt)));
          co_await reached(
            [&] { return tries == 1 && flag.statistics().waiting == i; });
        }
        gate.set_result();
        for (auto& each : all)
          ends.push_back(co_await ending_of(each));
      },
      options);

    CHECK(tries == 3);
    CHECK(ends == std::vector<std::string>{"try 1", "try 2", "done", "done"});
  });
}

TEST_CASE("once: if who does it is cancelled, the next in line does it",
          "[once][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> loads{0};
    std::vector<std::string> ends;
    bool done = false;
    run(
      [&]() -> coro<void> {
        once tables;
        auto never = future<void>::make();
        auto gate = future<void>::make();
        auto first = create_task(ask(tables, loads, never));
        co_await reached([&] { return loads == 1; });
        auto second = create_task(ask(tables, loads, gate));
        co_await waiting_at(tables, 1);
        auto third = create_task(ask(tables, loads, gate));
        co_await waiting_at(tables, 2);
        first.cancel();
        co_await reached([&] { return loads == 2; });
        third.cancel();
        ends.push_back(co_await ending_of(third));
        gate.set_result();
        ends.push_back(co_await ending_of(first));
        ends.push_back(co_await ending_of(second));
        done = tables.done();
      },
      options);

    CHECK(loads == 2);
    CHECK(ends == std::vector<std::string>{"cancelled", "cancelled", "done"});
    CHECK(done);
  });
}

TEST_CASE("once: call_once takes arguments, also of plain functions",
          "[once]") {
  int sum = 0;
  run([&]() -> coro<void> {
    once flag;
    co_await call_once(
      flag, [&](int x, int y) { return add_up(sum, x, y); }, 1, 2);
    co_await call_once(
      flag, [&](int x, int y) { return add_up(sum, x, y); }, 3, 4);
    once plain;
    auto add = [&](int x) {
      sum += x;
    };
    co_await call_once(plain, add, 10);
    co_await call_once(plain, add, 10);
  });

  CHECK(sum == 13);
}

TEST_CASE("once: what calls itself is told so", "[once]") {
  std::string text;
  run([&]() -> coro<void> {
    once flag{"flag"};
    auto inner = [&]() -> coro<void> {
      return flag.call([] {});
    };
    text = co_await ending_of(flag.call(inner));
  });

  CHECK_THAT(text, Catch::Contains("call of <once 'flag' run by Task-"));
  CHECK_THAT(text, Catch::Contains(
                     "by the function that it runs; that would wait for its "
                     "own end"));
}
