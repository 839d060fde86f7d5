// What asyncio promises about gather.

#include <troupe/gather.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <memory>
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

coro<void> nothing() {
  co_return;
}

coro<std::unique_ptr<int>> owned(int value) {
  co_return std::make_unique<int>(value);
}

coro<int> fails_after(future<void> gate) {
  co_await gate;
  throw std::runtime_error("broken");
}

coro<int> fails() {
  throw std::runtime_error("broken");
  co_return 0;
}

coro<int> give(int value) {
  co_return value;
}

template <class T>
coro<T> forward(future<T> x) {
  co_return co_await x;
}

// "value", "cancelled: message" or the error's text.
template <class Awaitable>
coro<std::string> ending_of(Awaitable x) {
  try {
    co_await std::move(x);
  } catch (const cancelled_error& stop) {
    co_return "cancelled: " + stop.message();
  } catch (const std::exception& problem) {
    co_return problem.what();
  }
  co_return "value";
}

} // namespace

TEST_CASE("gather: results follow the arguments (fact 80)", "[gather]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        auto a = future<void>::make();
        auto b = future<void>::make();
        auto c = future<void>::make();
        auto all = gather(after(a, 1), after(b, 2), after(c, 3));
        c.set_result();
        b.set_result();
        a.set_result();
        auto [x, y, z] = co_await all;
        got = {x, y, z};
      },
      options);
    CHECK(got == std::vector{1, 2, 3});
  });
}

TEST_CASE("gather: a container gives a vector (fact 80)", "[gather]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> from_coroutines;
    std::vector<int> from_tasks;
    run(
      [&]() -> coro<void> {
        std::vector<coro<int>> bodies;
        std::vector<task<int>> tasks;
        for (int i = 0; i < 100; ++i) {
          bodies.push_back(give(i));
          tasks.push_back(create_task(give(i)));
        }
        from_coroutines = co_await gather(std::move(bodies));
        from_tasks = co_await gather(tasks);
      },
      options);
    std::vector<int> expected;
    for (int i = 0; i < 100; ++i)
      expected.push_back(i);
    CHECK(from_coroutines == expected);
    CHECK(from_tasks == expected);
  });
}

TEST_CASE("gather: void, move-only and mixed results", "[gather]") {
  for_each_worker_count([](run_options options) {
    int owned_value = 0;
    bool all_void = false;
    run(
      [&]() -> coro<void> {
        auto [a, b, c] = co_await gather(nothing(), owned(7), give(1));
        static_assert(std::is_same_v<decltype(a), none>);
        owned_value = *b + c;
        auto [x, y] = co_await gather(nothing(), nothing());
        all_void = x == y;
        std::vector<coro<void>> bodies;
        bodies.push_back(nothing());
        static_assert(
          std::is_same_v<decltype(gather(std::move(bodies))), future<void>>);
        co_await gather(std::move(bodies));
      },
      options);
    CHECK(owned_value == 8);
    CHECK(all_void);
  });
}

TEST_CASE("gather: the first error ends it (facts 81, E10)", "[gather]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool still_runs = false;
    bool same = false;
    int late = 0;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto slow = create_task(after(gate, 5));
        auto bad = create_task(fails());
        auto all = gather(slow, bad);
        end = co_await ending_of(all);
        still_runs = !slow.done();
        same = all.exception() == bad.exception();
        gate.set_result();
        late = co_await slow;
      },
      options);
    CHECK(end == "broken");
    CHECK(still_runs);
    CHECK(same);
    CHECK(late == 5);
  });
}

TEST_CASE("gather: later errors are dropped (fact 81)", "[gather]") {
  for_each_worker_count([](run_options options) {
    error_log told;
    run(
      [&]() -> coro<void> {
        told.watch(get_running_loop());
        auto gate = future<void>::make();
        {
          auto first = create_task(fails());
          auto second = create_task(fails_after(gate));
          co_await ending_of(gather(first, second));
          gate.set_result();
          co_await reached([&] { return second.done(); });
        }
        co_await turns(3);
      },
      options);
    CHECK(told.size() == 0);
  });
}

TEST_CASE("gather: failures can be results (fact 82)", "[gather]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> got;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto all = gather(return_exceptions, after(gate, 1), fails(), nothing(),
                          fails_after(gate));
        co_await turns(3);
        got.push_back(all.done() ? "too early" : "waits");
        gate.set_result();
        auto [a, b, c, d] = co_await all;
        got.push_back(std::to_string(a.value()));
        got.push_back(describe(b.exception()));
        got.push_back(c ? "ok" : "bad");
        got.push_back(describe(d.exception()));
      },
      options);
    CHECK(got
          == std::vector<std::string>{"waits", "1",
                                      "std::runtime_error: broken", "ok",
                                      "std::runtime_error: broken"});
  });
}

TEST_CASE("gather: of nothing is done (fact 83)", "[gather]") {
  for_each_worker_count([](run_options options) {
    bool done = false;
    bool range_done = false;
    std::size_t size = 1;
    run(
      [&]() -> coro<void> {
        auto none_at_all = gather();
        done = none_at_all.done();
        co_await none_at_all;
        auto empty = gather(std::vector<task<int>>());
        range_done = empty.done();
        auto got = co_await empty;
        size = got.size();
        co_await gather(return_exceptions, std::vector<task<void>>());
      },
      options);
    CHECK(done);
    CHECK(range_done);
    CHECK(size == 0);
  });
  CHECK(error_of([] { gather(); }) == errc::no_running_loop);
}

TEST_CASE("gather: of what is done is done", "[gather]") {
  for_each_worker_count([](run_options options) {
    bool done = false;
    bool failed = false;
    run(
      [&]() -> coro<void> {
        auto a = create_task(give(1));
        auto b = create_task(fails());
        co_await a;
        co_await ending_of(b);
        done = gather(a, a).done();
        auto bad = gather(a, b, future<int>::make());
        failed = bad.done() && bad.exception() != nullptr;
      },
      options);
    CHECK(done);
    CHECK(failed);
  });
}

TEST_CASE("gather: a cancelled child can be a result (fact 86)", "[gather]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    int other = 0;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto a = create_task(after(gate, 1));
        auto b = create_task(give(2));
        co_await blocked(a);
        a.cancel("enough");
        auto [x, y] = co_await gather(return_exceptions, a, b);
        cancelled = is_a<cancelled_error>(x.exception());
        other = y.value();
      },
      options);
    CHECK(cancelled);
    CHECK(other == 2);
  });
}

TEST_CASE("gather: a cancelled child is an error, not a cancellation",
          "[gather]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool cancelled = true;
    run(
      [&]() -> coro<void> {
        auto a = create_task(after(future<void>::make(), 1));
        auto all = gather(a, future<int>::make());
        a.cancel("enough");
        end = co_await ending_of(all);
        cancelled = all.cancelled();
      },
      options);
    CHECK(end == "cancelled: enough");
    CHECK_FALSE(cancelled);
  });
}

TEST_CASE("gather: cancelling it cancels all children (fact 87)", "[gather]") {
  for_each_worker_count([](run_options options) {
    bool asked = false;
    bool again = true;
    std::string end;
    std::vector<bool> cancelled;
    run(
      [&]() -> coro<void> {
        auto a = create_task(after(future<void>::make(), 1));
        auto b = create_task(after(future<void>::make(), 2));
        auto all = gather(return_exceptions, a, b);
        auto waiter = create_task(forward(all));
        co_await blocked(waiter);
        asked = waiter.cancel();
        end = co_await ending_of(waiter);
        again = all.cancel();
        cancelled = {a.cancelled(), b.cancelled(), waiter.cancelled()};
      },
      options);
    CHECK(asked);
    CHECK(end == "cancelled: ");
    CHECK_FALSE(again);
    CHECK(cancelled == std::vector{true, true, true});
  });
}

TEST_CASE("gather: nothing is left to cancel when it is done (fact 88)",
          "[gather]") {
  for_each_worker_count([](run_options options) {
    bool asked = true;
    int value = 0;
    run(
      [&]() -> coro<void> {
        auto all = gather(give(3));
        co_await all;
        asked = all.cancel();
        value = std::get<0>(all.result());
      },
      options);
    CHECK_FALSE(asked);
    CHECK(value == 3);
  });
}

TEST_CASE("gather: its cancellation is no result (fact 89)", "[gather]") {
  for_each_worker_count([](run_options options) {
    const int rounds = 200; // with several workers the children end meanwhile
    int cancelled = 0;
    run(
      [&]() -> coro<void> {
        for (int i = 0; i < rounds; ++i) {
          auto child = create_task(after(future<void>::make(), 1));
          auto waiter
            = create_task([child]() -> coro<std::vector<outcome<int>>> {
                std::vector<task<int>> all{child};
                auto result = gather(return_exceptions, all);
                co_return co_await result;
              });
          co_await blocked(waiter);
          waiter.cancel();
          auto end = co_await ending_of(waiter);
          cancelled += end == "cancelled: ";
        }
      },
      options);
    CHECK(cancelled == rounds);
  });
}

// The values of plain tasks are taken as these end, and the tasks let go.
TEST_CASE("gather: cancelled half-way it cancels what has not ended",
          "[gather]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> asked;
    std::vector<std::string> ends;
    run(
      [&]() -> coro<void> {
        for (bool last_ends : {false, true}) {
          std::vector<future<void>> gates;
          for (int i = 0; i < 3; ++i)
            gates.push_back(future<void>::make());
          std::vector<task<int>> tasks;
          for (auto& gate : gates)
            tasks.push_back(create_task(after(gate, 1)));
          auto kept = tasks[last_ends ? 2 : 0];
          auto pending = tasks[1];
          auto all = gather(std::move(tasks));
          gates[0].set_result();
          gates[2].set_result();
          co_await kept;
          asked.push_back(all.cancel());
          ends.push_back(co_await ending_of(all));
          asked.push_back(pending.cancelled());
          CHECK(kept.result() == 1);
        }
      },
      options);
    CHECK(asked == std::vector{true, true, true, true});
    CHECK(ends == std::vector<std::string>{"cancelled: ", "cancelled: "});
  });
}

TEST_CASE("gather: one task twice in a vector gives its value twice",
          "[gather]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        auto one = create_task(after(future<void>::make(), 1));
        auto two = create_task([]() -> coro<int> { co_return 2; });
        std::vector<task<int>> tasks{two, two, one};
        auto all = gather(std::move(tasks));
        co_await two;
        one.cancel();
        got.push_back(co_await ending_of(all) == "cancelled: " ? -1 : 0);
        std::vector<task<int>> again{two, two};
        for (int each : co_await gather(std::move(again)))
          got.push_back(each);
      },
      options);
    CHECK(got == std::vector{-1, 2, 2});
  });
}

TEST_CASE("gather: one task in three places runs once (fact 91)", "[gather]") {
  for_each_worker_count([](run_options options) {
    int runs = 0;
    std::vector<int> got;
    run(
      [&]() -> coro<void> {
        auto one = create_task([&]() -> coro<int> { co_return ++runs; });
        auto [a, b, c] = co_await gather(one, one, one);
        got = {a, b, c};
      },
      options);
    CHECK(runs == 1);
    CHECK(got == std::vector{1, 1, 1});
  });
}

TEST_CASE("gather: a wrong argument leaves nothing behind (fact 92)",
          "[gather]") {
  for_each_worker_count([](run_options options) {
    auto other = new_event_loop();
    error_log told;
    std::error_code refused;
    run(
      [&]() -> coro<void> {
        told.watch(get_running_loop());
        auto foreign = other.create_future<int>();
        refused = error_of([&] { gather(give(1), foreign, give(2)); });
        co_await turns(3);
      },
      options);
    other.close();
    CHECK(refused == errc::wrong_loop);
    CHECK(told.size() == 0);
  });
}

TEST_CASE("gather: one that nobody keeps is forgotten", "[gather]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto a = create_task(after(gate, 4));
        gather(a, after(gate, 5));
        {
          auto open = future<int>::make();
          gather(open);
        }
        gate.set_result();
        value = co_await a;
      },
      options);
    CHECK(value == 4);
  });
}

TEST_CASE("gather: many children", "[gather]") {
  for_each_worker_count([](run_options options) {
    long sum = 0;
    run(
      [&]() -> coro<void> {
        std::vector<coro<int>> bodies;
        for (int i = 0; i < 20'000; ++i)
          bodies.push_back(give(1));
        for (int x : co_await gather(std::move(bodies)))
          sum += x;
      },
      options);
    CHECK(sum == 20'000);
  });
}
