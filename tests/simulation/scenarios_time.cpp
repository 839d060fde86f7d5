// Scenarios: timers, threads, contexts and generators.

#include "simulation/scenarios.hpp"

#include <algorithm>
#include <memory>

using namespace troupe;
using namespace scenarios;
using namespace std::chrono_literals;
using test::require;

namespace {

coro<void> sleep_and_note(std::chrono::milliseconds delay,
                          std::vector<std::int64_t>& ends) {
  auto begin = test::time();
  co_await sleep(delay);
  require(test::time() - begin >= delay, "a sleep never ends early");
  ends.push_back(test::time().count());
}

context_var<int> level{"level", 0};

coro<void> change_level(int own) {
  require(level.get() == 1);
  level.set(own);
  for (int i = 0; i < 3; ++i) {
    co_await sleep(0s);
    require(level.get() == own, "others do not see it");
  }
}

async_generator<int> count_slowly(int last) {
  for (int i = 1; i <= last; ++i) {
    co_await sleep(0s);
    co_yield i;
  }
}

coro<void> sum_of(int last, int& sum) {
  auto numbers = count_slowly(last);
  for (;;) {
    auto next = co_await numbers.next();
    if (!next)
      break;
    sum += *next;
  }
}

// The first of a result and a time limit; at the limit either may win.
coro<bool> within(future<void> x, std::chrono::milliseconds limit) {
  bool late = false;
  auto timer = get_running_loop().call_later(limit, [&late, x] {
    late = true;
    x.cancel();
  });
  bool in_time = co_await finished(x);
  timer.cancel();
  require(in_time || late);
  co_return in_time;
}

} // namespace

TEST_CASE("scenario: sleeps end in the order of their deadlines", "[explore]") {
  explore_all([]() -> coro<void> {
    std::vector<std::int64_t> ends;
    std::vector<task<void>> all;
    for (int i : {5, 3, 4, 1, 2})
      all.push_back(
        create_task(sleep_and_note(std::chrono::milliseconds{i}, ends)));
    for (auto& each : all)
      co_await each;
    require(std::is_sorted(ends.begin(), ends.end()));
    require(test::time() == 5ms);
  });
}

TEST_CASE("scenario: a cancelled timer never rings", "[explore]") {
  explore_all([]() -> coro<void> {
    auto loop = get_running_loop();
    bool stopped = false;
    int rang = 0;
    auto timer = loop.call_later(1ms, [&] {
      require(!stopped, "it was cancelled before");
      ++rang;
    });
    loop.call_later(1ms, [&] {
      timer.cancel();
      stopped = true;
    });
    co_await sleep(1ms);
    co_await spin(2);
    co_await test::wait_all_tasks_blocked();
    require(rang + stopped >= 1);
  });
}

TEST_CASE("scenario: a result and a time limit meet", "[explore]") {
  explore_all([]() -> coro<void> {
    auto x = future<void>::make();
    auto setter = [](future<void> y) -> coro<void> {
      co_await sleep(2ms);
      if (!y.done())
        y.set_result();
    };
    auto a = create_task(setter(x));
    auto b = create_task(within(x, 2ms));
    bool in_time = co_await b;
    co_await a;
    require(in_time == !x.cancelled());
  });
}

TEST_CASE("scenario: sleeps of chance add up", "[explore]") {
  explore_all([]() -> coro<void> {
    std::chrono::milliseconds longest{0};
    std::vector<task<void>> all;
    std::vector<std::int64_t> ends;
    for (int i = 0; i < 5; ++i) {
      std::chrono::milliseconds delay{test::random() % 4};
      longest = std::max(longest, delay);
      all.push_back(create_task(sleep_and_note(delay, ends)));
    }
    for (auto& each : all)
      co_await each;
    require(test::time() == longest);
  });
}

TEST_CASE("scenario: work of threads comes back, whatever the order",
          "[explore]") {
  explore_all([]() -> coro<void> {
    auto body = [](int x, int& sum) -> coro<void> {
      auto work = [x] {
        return x * x;
      };
      sum += co_await to_thread(work);
    };
    int sum = 0;
    std::vector<task<void>> all;
    for (int i = 1; i <= 4; ++i)
      all.push_back(create_task(body(i, sum)));
    for (auto& each : all)
      co_await each;
    require(sum == 30);
  });
}

TEST_CASE("scenario: a thread's work wakes a task", "[explore]") {
  explore_all([]() -> coro<void> {
    auto loop = get_running_loop();
    auto x = future<int>::make();
    auto work = [loop, x]() mutable {
      loop.call_soon_threadsafe([x] { x.set_result(3); });
    };
    auto waiter = [](future<int> y) -> coro<int> {
      co_return co_await y;
    };
    auto a = create_task(waiter(x));
    co_await to_thread(work);
    int got = co_await a;
    require(got == 3);
  });
}

TEST_CASE("scenario: an executor's exceptions reach who waits", "[explore]") {
  explore_all([]() -> coro<void> {
    auto loop = get_running_loop();
    int caught = 0;
    auto body = [&](int number) -> coro<void> {
      auto reply = loop.run_in_executor(nullptr, [number] {
        if (number % 2 == 0)
          throw std::runtime_error("even");
        return number;
      });
      try {
        co_await reply;
      } catch (const std::runtime_error&) {
        ++caught;
      }
    };
    std::vector<task<void>> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(create_task(body(i)));
    for (auto& each : all)
      co_await each;
    require(caught == 2);
  });
}

TEST_CASE("scenario: each task has a context of its own", "[explore]") {
  explore_all([]() -> coro<void> {
    level.set(1);
    auto a = create_task(change_level(2));
    auto b = create_task(change_level(3));
    co_await a;
    co_await b;
    require(level.get() == 1);
  });
}

TEST_CASE("scenario: callbacks, timers and threads see their maker's context",
          "[explore]") {
  explore_all([]() -> coro<void> {
    auto body = [](int own) -> coro<void> {
      level.set(own);
      auto seen = std::make_shared<int>(0); // the task may end before these
      auto look = [seen] {
        *seen += level.get();
      };
      auto loop = get_running_loop();
      loop.call_soon(look);
      loop.call_later(1ms, look);
      co_await to_thread(look);
      co_await sleep(1ms);
      co_await test::wait_all_tasks_blocked();
      require(*seen == 3 * own);
    };
    auto a = create_task(body(2));
    auto b = create_task(body(5));
    co_await a;
    co_await b;
  });
}

TEST_CASE("scenario: generators of several tasks do not mix", "[explore]") {
  explore_all([]() -> coro<void> {
    int x = 0;
    int y = 0;
    auto a = create_task(sum_of(3, x));
    auto b = create_task(sum_of(4, y));
    co_await a;
    co_await b;
    require(x == 6);
    require(y == 10);
  });
}

TEST_CASE("scenario: who waits for quiet comes last", "[explore]") {
  explore_all([]() -> coro<void> {
    int left = 3;
    auto body = [](int turns, int& x) -> coro<void> {
      co_await spin(turns);
      --x;
    };
    auto a = create_task(body(1, left));
    auto b = create_task(body(3, left));
    auto c = create_task(body(5, left));
    co_await test::wait_all_tasks_blocked();
    require(left == 0);
    co_await a;
    co_await b;
    co_await c;
  });
}
