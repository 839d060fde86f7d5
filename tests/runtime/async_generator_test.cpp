#include <troupe/async_generator.hpp>
#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct at_end {
  record<>& events;
  std::string name;

  ~at_end() {
    events.add(name);
  }
};

async_generator<int> count_to(int last) {
  for (int i = 1; i <= last; ++i)
    co_yield i;
}

async_generator<int> count_slowly(int last) {
  for (int i = 1; i <= last; ++i) {
    co_await sleep(0s);
    co_yield i;
    co_await sleep(0s);
  }
}

async_generator<std::unique_ptr<int>> boxes() {
  co_yield std::make_unique<int>(1);
  co_yield std::make_unique<int>(2);
}

async_generator<int> fail_after(int last) {
  for (int i = 1; i <= last; ++i)
    co_yield i;
  co_await sleep(0s);
  throw std::runtime_error("out of numbers");
}

async_generator<int> with_clean_up(record<>& events) {
  at_end guard{events, "local destroyed"};
  bool ended = false;
  try {
    for (int i = 1;; ++i)
      co_yield i;
  } catch (...) {
    ended = true;
  }
  if (ended) {
    co_await sleep(1ms);
    events.add("clean-up awaited");
  }
}

async_generator<int> stubborn(record<>& events) {
  for (int i = 0; i < 3; ++i) {
    try {
      co_yield i;
    } catch (...) {
      events.add("asked to end");
    }
  }
}

async_generator<int> from_gate(future<int> gate, record<>& events) {
  at_end guard{events, "left"};
  int got = 0;
  try {
    got = co_await gate;
  } catch (const cancelled_error&) {
    events.add("cancelled inside");
    throw;
  }
  co_yield got;
}

// A generator on top of another.
async_generator<int> doubled(async_generator<int> source) {
  while (auto next = co_await source.next())
    co_yield *next * 2;
}

coro<std::vector<int>> all_of(async_generator<int> source) {
  std::vector<int> seen;
  while (auto next = co_await source.next())
    seen.push_back(*next);
  co_return seen;
}

} // namespace

TEST_CASE("async_generator: gives its values and then nothing",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    CHECK(run(all_of(count_to(3)), options) == std::vector{1, 2, 3});
    CHECK(run(all_of(count_slowly(3)), options) == std::vector{1, 2, 3});
    CHECK(run(all_of(count_to(0)), options).empty());
  });
}

TEST_CASE("async_generator: stays ended", "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    bool empty = run(
      []() -> coro<bool> {
        auto numbers = count_to(1);
        co_await numbers.next();
        auto second = co_await numbers.next();
        auto third = co_await numbers.next();
        co_return !second && !third;
      },
      options);
    CHECK(empty);
  });
}

TEST_CASE("async_generator: gives move-only values", "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    int sum = run(
      []() -> coro<int> {
        int total = 0;
        auto source = boxes();
        while (auto next = co_await source.next())
          total += **next;
        co_return total;
      },
      options);
    CHECK(sum == 3);
  });
}

TEST_CASE("async_generator: runs nothing before the first next",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    record<> events;
    run(
      [&]() -> coro<void> {
        auto unused = with_clean_up(events);
        auto closed = with_clean_up(events);
        co_await closed.aclose();
        auto after = co_await closed.next();
        if (after)
          events.add("a value after aclose");
      },
      options);
    CHECK(events.empty());
    CHECK(output.text() == "");
  });
}

TEST_CASE("async_generator: what it throws ends it", "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    std::string what;
    std::string chain;
    bool ended = false;
    run(
      [&]() -> coro<void> {
        auto numbers = fail_after(1);
        co_await numbers.next();
        try {
          co_await numbers.next();
        } catch (const std::runtime_error& problem) {
          what = problem.what();
          chain = await_chain();
        }
        auto after = co_await numbers.next();
        ended = !after;
      },
      options);
    INFO(chain);
    CHECK(what == "out of numbers");
    CHECK(contains(chain, "fail_after ("));
    CHECK(ended);
  });
}

TEST_CASE("async_generator: aclose ends the body, whose clean-up may await",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    bool ended = false;
    run(
      [&]() -> coro<void> {
        auto numbers = with_clean_up(events);
        co_await numbers.next();
        co_await numbers.aclose();
        events.add("closed");
        auto after = co_await numbers.next();
        ended = !after;
        co_await numbers.aclose(); // again: harmless
      },
      options);
    CHECK(ended);
    CHECK(events.all()
          == std::vector<std::string>{"clean-up awaited", "local destroyed",
                                      "closed"});
  });
}

TEST_CASE("async_generator: a value yielded while closing is dropped",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    run(
      [&]() -> coro<void> {
        auto numbers = stubborn(events);
        co_await numbers.next();
        co_await numbers.aclose();
        events.add("closed");
      },
      options);
    auto seen = events.all();
    REQUIRE(seen.size() >= 2);
    CHECK(seen.front() == "asked to end");
    CHECK(seen.back() == "closed");
  });
}

TEST_CASE("async_generator: destroyed half-way its locals are destroyed",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    run(
      [&]() -> coro<void> {
        {
          auto numbers = with_clean_up(events);
          co_await numbers.next();
        }
        events.add("after");
      },
      options);
    CHECK(events.all() == std::vector<std::string>{"local destroyed", "after"});
  });
}

TEST_CASE("async_generator: two tasks cannot be inside at the same time",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    std::error_code code;
    int value = run(
      [&]() -> coro<int> {
        auto gate = future<int>::make();
        auto numbers = from_gate(gate, events);
        auto first = create_task([&]() -> coro<int> {
          auto got = co_await numbers.next();
          co_return got.value_or(-1);
        });
        co_await blocked(first);
        try {
          co_await numbers.next();
        } catch (const error& problem) {
          code = problem.code();
        }
        gate.set_result(5);
        co_return co_await first;
      },
      options);
    CHECK(code == errc::invalid_state);
    CHECK(value == 5);
  });
}

TEST_CASE("async_generator: a cancellation is thrown inside",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto gate = future<int>::make();
        auto numbers = from_gate(gate, events);
        auto child
          = create_task([&]() -> coro<void> { co_await numbers.next(); });
        co_await blocked(child);
        child.cancel();
        co_await reached([&] { return child.done(); });
        cancelled = child.cancelled();
      },
      options);
    CHECK(cancelled);
    CHECK(events.all() == std::vector<std::string>{"cancelled inside", "left"});
  });
}

TEST_CASE("async_generator: can be asked by several tasks in turn",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    auto seen = run(
      []() -> coro<std::vector<int>> {
        auto numbers = count_slowly(4);
        std::vector<int> got;
        for (int i = 0; i < 4; ++i) {
          auto reader = create_task([&]() -> coro<int> {
            auto next = co_await numbers.next();
            co_return next.value_or(-1);
          });
          got.push_back(co_await reader);
        }
        co_return got;
      },
      options);
    CHECK(seen == std::vector{1, 2, 3, 4});
  });
}

TEST_CASE("async_generator: can stand on another one", "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    CHECK(run(all_of(doubled(doubled(count_slowly(3)))), options)
          == std::vector{4, 8, 12});
  });
}

TEST_CASE("async_generator: 100,000 values need no stack",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    long sum = run(
      []() -> coro<long> {
        long total = 0;
        auto numbers = doubled(count_to(100'000));
        while (auto next = co_await numbers.next())
          total += *next;
        co_return total;
      },
      options);
    CHECK(sum == 10'000'100'000L);
  });
}

TEST_CASE("async_generator: open ones are closed by shutdown_asyncgens",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    bool ended = false;
    run(
      [&]() -> coro<void> {
        auto numbers = with_clean_up(events);
        auto unused = with_clean_up(events);
        co_await numbers.next();
        co_await get_running_loop().shutdown_asyncgens();
        events.add("shut down");
        auto after = co_await numbers.next();
        ended = !after;
      },
      options);
    CHECK(ended);
    CHECK(events.all()
          == std::vector<std::string>{"clean-up awaited", "local destroyed",
                                      "shut down"});
  });
}

TEST_CASE("async_generator: moved it goes on where it stood",
          "[generator][threads]") {
  for_each_worker_count([](run_options options) {
    auto rest = run(
      []() -> coro<std::vector<int>> {
        auto numbers = count_to(3);
        co_await numbers.next();
        auto others = std::move(numbers);
        auto got = co_await all_of(std::move(others));
        co_return got;
      },
      options);
    CHECK(rest == std::vector{2, 3});
  });
}
