// Scenarios: tasks, and exceptions that travel through them.

#include "simulation/scenarios.hpp"

#include <stdexcept>

using namespace troupe;
using namespace scenarios;
using namespace std::chrono_literals;
using test::require;

namespace {

coro<int> give(int turns, int value) {
  co_await spin(turns);
  co_return value;
}

coro<int> add_up(int depth) {
  co_await sleep(0s);
  if (depth == 0)
    co_return 1;
  int rest = co_await add_up(depth - 1);
  co_return rest + 1;
}

coro<void> fail_after(int turns) {
  co_await spin(turns);
  throw std::runtime_error("broken");
}

coro<void> count_failures(task<void> target, int& count) {
  try {
    co_await target;
  } catch (const std::runtime_error&) {
    ++count;
  }
}

coro<void> add_result(task<int> target, int& sum) {
  sum += co_await target;
}

} // namespace

TEST_CASE("scenario: children are awaited in any order", "[explore]") {
  explore_all([]() -> coro<void> {
    std::vector<task<int>> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(create_task(give(3 - i, i)));
    int sum = 0;
    for (std::size_t i = all.size(); i-- > 0;)
      sum += co_await all[i];
    require(sum == 6);
  });
}

TEST_CASE("scenario: chains of coroutines keep their values", "[explore]") {
  explore_all([]() -> coro<void> {
    auto a = create_task(add_up(4));
    auto b = create_task(add_up(2));
    int first = co_await a;
    int second = co_await b;
    require(first == 5);
    require(second == 3);
  });
}

TEST_CASE("scenario: all who wait for a task get its result", "[explore]") {
  explore_all([]() -> coro<void> {
    int sum = 0;
    auto target = create_task(give(2, 7));
    std::vector<task<void>> waiters;
    for (int i = 0; i < 4; ++i)
      waiters.push_back(create_task(add_result(target, sum)));
    for (auto& each : waiters)
      co_await each;
    require(sum == 28);
  });
}

TEST_CASE("scenario: all who wait for a task get its exception", "[explore]") {
  explore_all([]() -> coro<void> {
    int count = 0;
    auto target = create_task(fail_after(2));
    auto a = create_task(count_failures(target, count));
    auto b = create_task(count_failures(target, count));
    co_await spin(3);
    auto c = create_task(count_failures(target, count));
    co_await a;
    co_await b;
    co_await c;
    require(count == 3);
  });
}

TEST_CASE("scenario: an exception waits until somebody takes it", "[explore]") {
  explore_all([]() -> coro<void> {
    auto broken = create_task(fail_after(1));
    auto sound = create_task(give(4, 1));
    int value = co_await sound;
    require(value == 1);
    bool caught = false;
    try {
      co_await broken;
    } catch (const std::runtime_error&) {
      caught = true;
    }
    require(caught);
  });
}

TEST_CASE("scenario: a serial group runs one member at a time", "[explore]") {
  explore_all([]() -> coro<void> {
    serial_group group;
    int balance = 0;
    auto body = [&balance](int times) -> coro<void> {
      for (int i = 0; i < times; ++i) {
        int before = balance;
        balance = before + 1;
        co_await sleep(0s);
      }
    };
    auto a = create_task(body(3), {.group = &group});
    auto b = create_task(body(3), {.group = &group});
    auto c = create_task(body(2), {.group = &group});
    co_await a;
    co_await b;
    co_await c;
    require(balance == 8);
  });
}

TEST_CASE("scenario: an eager task begins at once, and goes on like others",
          "[explore]") {
  explore_all([]() -> coro<void> {
    int seen = 0;
    auto body = [&seen]() -> coro<int> {
      seen = 1;
      co_await spin(2);
      seen = 2;
      co_return 3;
    };
    auto child = create_task(body(), {.eager_start = 1});
    require(seen == 1);
    auto other = create_task(give(2, 4));
    int got = co_await child;
    require(seen == 2);
    got += co_await other;
    require(got == 7);
  });
}

TEST_CASE("scenario: a task knows itself after every await", "[explore]") {
  explore_all([]() -> coro<void> {
    auto body = []() -> coro<void> {
      auto self = current_task();
      for (int i = 0; i < 3; ++i) {
        co_await sleep(0s);
        require(current_task() == self);
      }
    };
    auto a = create_task(body(), "a");
    auto b = create_task(body(), "b");
    co_await a;
    co_await b;
    require(all_tasks().size() == 1);
  });
}

TEST_CASE("scenario: tasks make tasks that make tasks", "[explore]") {
  struct tree {
    static coro<int> grow(int depth) {
      if (depth == 0)
        co_return 1;
      auto left = create_task(grow(depth - 1));
      auto right = create_task(grow(depth - 1));
      int sum = co_await left;
      sum += co_await right;
      co_return sum;
    }
  };
  explore_all([]() -> coro<void> {
    int leaves = co_await tree::grow(3);
    require(leaves == 8);
  });
}
