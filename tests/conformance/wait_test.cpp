// What asyncio promises about wait.

#include <troupe/wait.hpp>

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

coro<int> fails_after(future<void> gate) {
  co_await gate;
  throw std::runtime_error("broken");
}

coro<int> give(int value) {
  co_return value;
}

coro<void> pause(std::chrono::milliseconds delay) {
  co_await sleep(delay);
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

TEST_CASE("wait: for nothing is refused (fact 58)", "[wait]") {
  for_each_worker_count([](run_options options) {
    int refused = 0;
    run(
      [&]() -> coro<void> {
        std::vector<task<int>> all;
        try {
          co_await wait(all);
        } catch (const std::invalid_argument&) {
          ++refused;
        }
        all.push_back(create_task(give(1)));
        wait_options wrong;
        wrong.return_when = static_cast<return_when>(7);
        try {
          co_await wait(all, wrong);
        } catch (const std::invalid_argument&) {
          ++refused;
        }
        co_await wait(all);
      },
      options);
    CHECK(refused == 2);
  });
}

TEST_CASE("wait: for all of them (fact 60)", "[wait]") {
  for_each_worker_count([](run_options options) {
    std::size_t done = 0;
    std::size_t again = 0;
    run(
      [&]() -> coro<void> {
        std::vector<task<void>> all{create_task(pause(10ms)),
                                    create_task(pause(15ms))};
        auto first = co_await wait(all);
        done = first.done.size() + 10 * first.pending.size();
        // It has nothing to wait for: the time that it gets is none.
        auto second = co_await wait(all, {.timeout = 0s});
        again = second.done.size() + 10 * second.pending.size();
      },
      options);
    CHECK(done == 2);
    CHECK(again == 2);
  });
}

TEST_CASE("wait: gives each once, in the order given (fact 62)", "[wait]") {
  for_each_worker_count([](run_options options) {
    bool in_order = false;
    run(
      [&]() -> coro<void> {
        auto a = create_task(give(1));
        auto b = create_task(give(2));
        auto c = create_task(give(3));
        std::vector<task<int>> all{c, a, c, b, a};
        auto got = co_await wait(all);
        std::vector<task<int>> expected{c, a, b};
        in_order = got.done == expected && got.pending.empty();
      },
      options);
    CHECK(in_order);
  });
}

TEST_CASE("wait: until the first is done (fact 63)", "[wait]") {
  for_each_worker_count([](run_options options) {
    bool one = false;
    int later = 0;
    run(
      [&]() -> coro<void> {
        auto open = make_gates(2);
        auto a = create_task(after(open[0], 1));
        auto b = create_task(after(open[1], 2));
        std::vector<task<int>> all{a, b};
        open[1].set_result();
        auto got = co_await wait(all, {.return_when = first_completed});
        one = got.done == std::vector{b} && got.pending == std::vector{a};
        open[0].set_result();
        later = co_await a;
      },
      options);
    CHECK(one);
    CHECK(later == 1);
  });
}

TEST_CASE("wait: what is done counts at the wake-up (fact 64)",
          "[wait][order]") {
  std::size_t done = 0;
  run([&]() -> coro<void> {
    auto open = make_gates(1);
    std::vector<task<int>> all{create_task(after(open[0], 1)),
                               create_task(after(open[0], 2))};
    co_await turns(2);
    open[0].set_result();
    auto got = co_await wait(all, {.return_when = first_completed});
    done = got.done.size();
  });
  CHECK(done == 2);
}

TEST_CASE("wait: until the first fails (facts 65, 66)", "[wait]") {
  for_each_worker_count([](run_options options) {
    bool failed_alone = false;
    bool at_once = false;
    run(
      [&]() -> coro<void> {
        auto never = create_task(pause(1h));
        auto open = make_gates(1);
        auto bad = create_task(fails_after(open[0]));
        std::vector<any_future> all{never, bad};
        open[0].set_result();
        auto got = co_await wait(all, {.return_when = first_exception});
        failed_alone = got.done == std::vector<any_future>{bad};
        auto again = co_await wait(all, {.return_when = first_exception});
        at_once = again.pending == std::vector<any_future>{never};
        never.cancel();
      },
      options);
    CHECK(failed_alone);
    CHECK(at_once);
  });
}

TEST_CASE("wait: a cancelled one has not failed", "[wait]") {
  for_each_worker_count([](run_options options) {
    bool waited_on = false;
    run(
      [&]() -> coro<void> {
        auto a = future<int>::make();
        auto b = future<int>::make();
        std::vector<future<int>> all{a, b};
        auto waiter = create_task([all]() -> coro<std::size_t> {
          auto got = co_await wait(all, {.return_when = first_exception});
          co_return got.done.size();
        });
        co_await blocked(waiter);
        a.cancel();
        co_await turns(5);
        waited_on = !waiter.done();
        b.set_exception(std::runtime_error("broken"));
        co_await waiter;
        static_cast<void>(b.exception());
      },
      options);
    CHECK(waited_on);
  });
}

TEST_CASE("wait: a timeout is no error (fact 68)", "[wait]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> got;
    run(
      [&]() -> coro<void> {
        auto fast = create_task(give(1));
        auto slow = future<int>::make();
        std::vector<any_future> all{fast, slow};
        auto some = co_await wait(all, {.timeout = 10ms});
        got = {some.done == std::vector<any_future>{fast},
               some.pending == std::vector<any_future>{slow}, slow.cancelled()};
      },
      options);
    CHECK(got == std::vector{true, true, false});
  });
}

TEST_CASE("wait: a timeout of zero gives what is done", "[wait]") {
  for_each_worker_count([](run_options options) {
    std::size_t pending = 0;
    run(
      [&]() -> coro<void> {
        std::vector<future<int>> all{future<int>::make()};
        auto got = co_await wait(all, {.timeout = 0s});
        pending = got.pending.size();
      },
      options);
    CHECK(pending == 1);
  });
}

TEST_CASE("wait: a cancelled wait leaves the tasks alone (fact 70)", "[wait]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    int value = 0;
    run(
      [&]() -> coro<void> {
        auto open = make_gates(1);
        auto inner = create_task(after(open[0], 4));
        auto waiter = create_task([inner]() -> coro<void> {
          std::vector<task<int>> all{inner};
          co_await wait(all);
        });
        co_await blocked(waiter);
        waiter.cancel();
        co_await settled(waiter);
        cancelled = waiter.cancelled();
        open[0].set_result();
        value = co_await inner;
      },
      options);
    CHECK(cancelled);
    CHECK(value == 4);
  });
}

TEST_CASE("wait: for a future of another loop is refused", "[wait]") {
  auto other = new_event_loop();
  std::error_code refused;
  run([&]() -> coro<void> {
    std::vector<future<int>> all{other.create_future<int>()};
    try {
      co_await wait(all);
    } catch (const error& problem) {
      refused = problem.code();
    }
  });
  other.close();
  CHECK(refused == errc::wrong_loop);
}
