// What asyncio promises about shield.

#include <troupe/gather.hpp>
#include <troupe/shield.hpp>

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

coro<int> fails_after(future<void> gate) {
  co_await gate;
  throw std::runtime_error("broken");
}

coro<int> give(int value) {
  co_return value;
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

TEST_CASE("gather: goes on behind a shield (fact 93)", "[shield]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    int value = 0;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto inner = gather(after(gate, 6));
        auto outer = shield(inner);
        outer.cancel("no");
        end = co_await ending_of(outer);
        gate.set_result();
        value = std::get<0>(co_await inner);
      },
      options);
    CHECK(end == "cancelled: no");
    CHECK(value == 6);
  });
}

TEST_CASE("gather: cancels shields, not what is in them (fact 94)",
          "[shield]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> states;
    run(
      [&]() -> coro<void> {
        auto a = future<int>::make();
        auto b = future<int>::make();
        auto x = shield(a);
        auto y = shield(b);
        auto all = gather(x, y);
        all.cancel();
        co_await ending_of(all);
        states = {a.cancelled(), b.cancelled(), x.cancelled(), y.cancelled()};
      },
      options);
    CHECK(states == std::vector{false, false, true, true});
  });
}

TEST_CASE("shield: passes the result on (fact 95)", "[shield]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    bool same = false;
    std::string text;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto good = shield(after(gate, 7));
        auto inner = create_task(fails_after(gate));
        auto bad = shield(inner);
        gate.set_result();
        value = co_await good;
        text = co_await ending_of(bad);
        same = bad.exception() == inner.exception();
      },
      options);
    CHECK(value == 7);
    CHECK(text == "broken");
    CHECK(same);
  });
}

TEST_CASE("shield: of what is done is the same (fact 96)", "[shield]") {
  for_each_worker_count([](run_options options) {
    bool same = false;
    run(
      [&]() -> coro<void> {
        auto inner = create_task(give(1));
        co_await inner;
        same = shield(inner) == inner;
      },
      options);
    CHECK(same);
  });
}

TEST_CASE("shield: is cancelled with the inner one (fact 97)", "[shield]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        auto inner = future<int>::make();
        auto outer = shield(inner);
        inner.cancel();
        co_await ending_of(outer);
        cancelled = outer.cancelled();
      },
      options);
    CHECK(cancelled);
  });
}

TEST_CASE("shield: keeps a cancellation from the inner one (fact 98)",
          "[shield]") {
  for_each_worker_count([](run_options options) {
    bool at_once = false;
    bool untouched = false;
    run(
      [&]() -> coro<void> {
        auto inner = future<int>::make();
        auto outer = shield(inner);
        outer.cancel();
        at_once = outer.cancelled();
        co_await turns(3);
        untouched = !inner.done();
      },
      options);
    CHECK(at_once);
    CHECK(untouched);
  });
}

TEST_CASE("shield: a result that comes too late is no matter (fact 100)",
          "[shield]") {
  for_each_worker_count([](run_options options) {
    error_log told;
    run(
      [&]() -> coro<void> {
        told.watch(get_running_loop());
        auto inner = future<int>::make();
        auto outer = shield(inner);
        outer.cancel();
        co_await turns(2);
        inner.set_result(1);
        co_await turns(2);
      },
      options);
    CHECK(told.size() == 0);
  });
}

TEST_CASE("shield: an error that nobody sees is told once (fact 102)",
          "[shield]") {
  for_each_worker_count([](run_options options) {
    error_log told;
    run(
      [&]() -> coro<void> {
        told.watch(get_running_loop());
        auto inner = future<int>::make();
        auto first = shield(inner);
        auto second = shield(inner);
        first.cancel();
        second.cancel();
        co_await turns(2);
        inner.set_exception(std::runtime_error("lost"));
        co_await turns(3);
      },
      options);
    CHECK(told.size() == 1);
    CHECK(told.count("in a shielded future") == 1);
  });
}
