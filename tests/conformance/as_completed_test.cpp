// What asyncio promises about as_completed.

#include <troupe/as_completed.hpp>

#include "support/errors.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<int> after(future<void> gate, int value) {
  co_await gate;
  co_return value;
}

coro<int> give(int value) {
  co_return value;
}

coro<int> fails() {
  throw std::runtime_error("broken");
  co_return 0;
}

template <class T>
coro<void> settled(T x) {
  auto done = [x] {
    return x.done();
  }; // named: docs/compilers.md
  co_await reached(done);
}

using gates = std::vector<future<void>>;

gates make_gates(int count) {
  gates all;
  for (int i = 0; i < count; ++i)
    all.push_back(future<void>::make());
  return all;
}

} // namespace

TEST_CASE("as_completed: gives the order of completion (fact 71)",
          "[as_completed]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> by_handle;
    std::vector<int> by_result;
    run(
      [&]() -> coro<void> {
        for (auto* got : {&by_handle, &by_result}) {
          auto open = make_gates(3);
          std::vector<task<int>> all;
          for (int i = 0; i < 3; ++i)
            all.push_back(create_task(after(open[i], i)));
          auto line = as_completed(all);
          for (int i : {2, 0, 1}) {
            open[i].set_result();
            if (got == &by_handle) {
              auto next = co_await line.next();
              got->push_back(co_await *next);
            } else {
              coro<int> next = *line.begin();
              got->push_back(co_await next);
            }
          }
          if (co_await line.next())
            got->push_back(99);
        }
      },
      options);
    CHECK(by_handle == std::vector{2, 0, 1});
    CHECK(by_result == std::vector{2, 0, 1});
  });
}

TEST_CASE("as_completed: gives back the tasks that were put in (fact 72)",
          "[as_completed]") {
  for_each_worker_count([](run_options options) {
    bool same = false;
    int from_coroutine = 0;
    run(
      [&]() -> coro<void> {
        auto inner = create_task(give(1));
        std::vector<task<int>> all{inner};
        auto line = as_completed(all);
        same = *(co_await line.next()) == inner;
        std::vector<coro<int>> bodies;
        bodies.push_back(give(2));
        auto other = as_completed(std::move(bodies));
        task<int> made = *(co_await other.next());
        from_coroutine = co_await made;
      },
      options);
    CHECK(same);
    CHECK(from_coroutine == 2);
  });
}

TEST_CASE("as_completed: plain iteration", "[as_completed]") {
  for_each_worker_count([](run_options options) {
    int sum = 0;
    run(
      [&]() -> coro<void> {
        std::vector<coro<int>> bodies;
        for (int i = 0; i < 5; ++i)
          bodies.push_back(give(i));
        for (auto next : as_completed(std::move(bodies)))
          sum += co_await next;
      },
      options);
    CHECK(sum == 10);
  });
}

TEST_CASE("as_completed: a timeout counts for each that is left (fact 73)",
          "[as_completed]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> got;
    bool untouched = false;
    run(
      [&]() -> coro<void> {
        auto fast = create_task(give(1));
        auto slow = future<int>::make();
        auto slower = future<int>::make();
        std::vector<future<int>> all{slow, fast, slower};
        auto line = as_completed(all, {.timeout = 10ms});
        for (;;) {
          try {
            auto next = co_await line.next();
            if (!next)
              break;
            got.push_back(std::to_string(co_await *next));
          } catch (const timeout_error&) {
            got.push_back("timeout");
          }
        }
        untouched = !slow.done() && !slower.done();
      },
      options);
    CHECK(got == std::vector<std::string>{"1", "timeout", "timeout"});
    CHECK(untouched);
  });
}

TEST_CASE("as_completed: a timeout that is not needed (fact 74)",
          "[as_completed]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    auto begin = std::chrono::steady_clock::now();
    run(
      [&]() -> coro<void> {
        std::vector<task<int>> all{create_task(give(5))};
        auto line = as_completed(all, {.timeout = 1h});
        value = co_await *(co_await line.next());
      },
      options);
    CHECK(value == 5);
    CHECK(std::chrono::steady_clock::now() - begin < 60s);
  });
}

TEST_CASE("as_completed: can be left and gone on with (fact 75)",
          "[as_completed]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        std::vector<task<int>> all;
        for (int i = 0; i < 5; ++i)
          all.push_back(create_task(give(i)));
        auto line = as_completed(all);
        while (auto next = co_await line.next()) {
          got.push_back(co_await *next);
          if (got.size() == 2)
            break;
        }
        for (auto next : line)
          got.push_back(co_await next);
      },
      options);
    std::sort(got.begin(), got.end());
    CHECK(got == std::vector{0, 1, 2, 3, 4});
  });
}

TEST_CASE("as_completed: two who wait get different results (fact 77)",
          "[as_completed]") {
  for_each_worker_count([](run_options options) {
    int sum = 0;
    run(
      [&]() -> coro<void> {
        auto open = make_gates(2);
        std::vector<task<int>> all{create_task(after(open[0], 1)),
                                   create_task(after(open[1], 10))};
        auto line = as_completed(all);
        coro<int> a = *line.begin();
        coro<int> b = *line.begin();
        auto first = create_task(std::move(a));
        auto second = create_task(std::move(b));
        co_await blocked(first);
        co_await blocked(second);
        open[0].set_result();
        open[1].set_result();
        sum = co_await first;
        sum += co_await second;
      },
      options);
    CHECK(sum == 11);
  });
}

TEST_CASE("as_completed: one task given twice comes once (fact 78)",
          "[as_completed]") {
  for_each_worker_count([](run_options options) {
    int count = 0;
    run(
      [&]() -> coro<void> {
        auto one = create_task(give(1));
        std::vector<task<int>> all{one, one};
        auto line = as_completed(all);
        while (auto next = co_await line.next())
          ++count;
      },
      options);
    CHECK(count == 1);
  });
}

// A single future is refused by the compiler.
template <class T>
concept can_be_completed = requires(T x) { as_completed(x); };

static_assert(!can_be_completed<future<int>>, "(fact 79)");
static_assert(can_be_completed<std::vector<future<int>>>);

TEST_CASE("as_completed: an error comes at its turn", "[as_completed]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    run(
      [&]() -> coro<void> {
        std::vector<coro<int>> bodies;
        bodies.push_back(fails());
        for (auto next : as_completed(std::move(bodies)))
          try {
            co_await next;
          } catch (const std::exception& problem) {
            text = problem.what();
          }
      },
      options);
    CHECK(text == "broken");
  });
}

TEST_CASE("as_completed: of nothing ends at once", "[as_completed]") {
  for_each_worker_count([](run_options options) {
    bool ended = false;
    run(
      [&]() -> coro<void> {
        auto line = as_completed(std::vector<task<int>>());
        auto next = co_await line.next();
        ended = !next && line.begin() == line.end();
      },
      options);
    CHECK(ended);
  });
}

TEST_CASE("as_completed: who is cancelled loses nothing", "[as_completed]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    run(
      [&]() -> coro<void> {
        auto open = make_gates(1);
        std::vector<task<int>> all{create_task(after(open[0], 3))};
        auto line = as_completed(all);
        auto waiter = create_task(
          [line]() -> coro<void> { auto next = co_await line.next(); });
        co_await blocked(waiter);
        open[0].set_result();
        waiter.cancel();
        co_await settled(waiter);
        if (waiter.cancelled())
          value = co_await *(co_await line.next());
        else
          value = 3;
      },
      options);
    CHECK(value == 3);
  });
}
