// gather, shield, wait and as_completed in all orders, cancelled at every step.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "simulation/everywhere.hpp"
#include "support/test.hpp"

#include <memory>
#include <set>
#include <string>

using namespace troupe;
using namespace std::chrono_literals;
using troupe::test::require;

namespace {

constexpr std::uint64_t budget = 3'000;

coro<void> spin(std::size_t turns) {
  for (std::size_t i = 0; i < turns; ++i)
    co_await sleep(0s);
}

coro<int> work(int value, std::size_t turns) {
  co_await spin(turns);
  co_return value;
}

coro<int> breaks(std::size_t turns) {
  co_await spin(turns);
  throw std::runtime_error("broken");
}

// Cancels after a number of turns that the strategy chooses.
coro<void> cancel_some_time(any_task victim) {
  everywhere::is_victim(victim);
  if (everywhere::injecting())
    co_return;
  co_await spin(test::choose(10));
  victim.cancel("stop");
}

// What `program` returns is counted; each run is sound by itself.
template <class F>
std::set<std::string> outcomes(F program, test::explore_options options
                                          = {.schedules = budget}) {
  std::set<std::string> seen;
  auto body = [&]() -> coro<void> {
    seen.insert(co_await program());
  };
  if (everywhere::wanted()) {
    auto program_alone = [&]() -> coro<void> {
      static_cast<void>(co_await program());
    };
    everywhere::cancel_at_each_await(program_alone);
  }
  auto found = test::explore(body, options);
  INFO(found.text());
  CHECK(found.ok());
  return seen;
}

template <class T>
coro<std::string> ending_of(T x) {
  try {
    co_await std::move(x);
  } catch (const cancelled_error&) {
    co_return "cancelled";
  } catch (const timeout_error&) {
    co_return "timeout";
  } catch (const std::exception& problem) {
    co_return problem.what();
  }
  co_return "value";
}

using names = std::set<std::string>;

} // namespace

TEST_CASE("several: a gather is cancelled at every step", "[several]") {
  auto program = []() -> coro<std::string> {
    auto a = create_task(work(1, 3));
    auto b = create_task(work(2, 5));
    auto waiter = create_task([a, b]() -> coro<int> {
      auto [x, y] = co_await gather(a, b);
      co_return x + y;
    });
    auto enemy = create_task(cancel_some_time(waiter));
    auto end = co_await ending_of(waiter);
    co_await enemy;
    co_await ending_of(a);
    co_await ending_of(b);
    if (end == "value") {
      require(waiter.result() == 3);
      require(!a.cancelled() && !b.cancelled());
    } else {
      require(waiter.cancelled(), "the waiter is cancelled");
    }
    co_return end;
  };
  CHECK(outcomes(program) == names{"cancelled", "value"});
}

TEST_CASE("several: a gather of outcomes is cancelled as a whole",
          "[several]") {
  auto program = []() -> coro<std::string> {
    auto all = gather(return_exceptions, work(1, 2), breaks(3), work(3, 6));
    auto waiter = create_task([all]() -> coro<int> {
      auto [a, b, c] = co_await all;
      require(!b, "the second one breaks");
      co_return a.value() + c.value();
    });
    auto enemy = create_task(cancel_some_time(waiter));
    auto end = co_await ending_of(waiter);
    co_await enemy;
    co_await ending_of(all); // not cancelled if the waiter never began
    require(all.done() && !all.cancel());
    co_return end;
  };
  CHECK(outcomes(program) == names{"cancelled", "value"});
}

TEST_CASE("several: the first error of a gather counts", "[several]") {
  auto program = []() -> coro<std::string> {
    auto a = create_task(breaks(2));
    auto b = create_task(breaks(2));
    auto all = gather(a, b, work(1, 1));
    auto end = co_await ending_of(all);
    require(end == "broken");
    bool first = a.done() && all.exception() == a.exception();
    require(first || all.exception() == b.exception());
    co_await ending_of(a);
    co_await ending_of(b);
    co_return first ? "a" : "b";
  };
  auto seen = outcomes(program);
  CHECK(seen == names{"a", "b"});
}

TEST_CASE("several: a gather that is dropped leaves its children alone",
          "[several]") {
  auto program = []() -> coro<std::string> {
    auto a = create_task(work(1, 2));
    {
      auto all = gather(a, work(2, 3));
      co_await spin(test::choose(6));
    }
    require(co_await a == 1);
    co_return "value";
  };
  CHECK(outcomes(program) == names{"value"});
}

TEST_CASE("several: a shield keeps every cancellation out", "[several]") {
  auto program = []() -> coro<std::string> {
    auto inner = create_task(work(5, 4));
    auto waiter = create_task([inner]() -> coro<int> {
      auto outer = shield(inner);
      co_return co_await outer;
    });
    auto enemy = create_task(cancel_some_time(waiter));
    auto end = co_await ending_of(waiter);
    co_await enemy;
    require(co_await inner == 5, "the inner task goes on");
    require(inner.cancelling() == 0);
    co_return end;
  };
  CHECK(outcomes(program) == names{"cancelled", "value"});
}

TEST_CASE("several: a wait whose timeout races with the end", "[several]") {
  auto program = []() -> coro<std::string> {
    auto a = create_task([]() -> coro<int> {
      co_await sleep(5ms);
      co_return 1;
    });
    std::vector<task<int>> all{a};
    auto got = co_await wait(all, {.timeout = 5ms});
    require(got.done.size() + got.pending.size() == 1);
    bool done = got.done.size() == 1;
    require(co_await a == 1);
    co_return done ? "done" : "pending";
  };
  CHECK(outcomes(program) == names{"done", "pending"});
}

TEST_CASE("several: a wait is cancelled at every step", "[several]") {
  auto program = []() -> coro<std::string> {
    std::vector<task<int>> all{create_task(work(1, 2)),
                               create_task(work(2, 4))};
    auto waiter = create_task([all]() -> coro<std::size_t> {
      auto got = co_await wait(all, {.return_when = first_completed});
      require(!got.done.empty());
      co_return got.done.size();
    });
    auto enemy = create_task(cancel_some_time(waiter));
    auto end = co_await ending_of(waiter);
    co_await enemy;
    require(co_await all[0] == 1);
    require(co_await all[1] == 2);
    co_return end;
  };
  CHECK(outcomes(program) == names{"cancelled", "value"});
}

TEST_CASE("several: as_completed gives each once, whoever is cancelled",
          "[several]") {
  auto program = []() -> coro<std::string> {
    std::vector<task<int>> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(create_task(work(1 << i, test::choose(4))));
    auto line = as_completed(all);
    auto sum = std::make_shared<int>(0);
    auto taker = [line, sum]() -> coro<void> {
      while (auto next = co_await line.next())
        *sum += next->result();
    };
    auto a = create_task(taker);
    auto b = create_task(taker);
    auto enemy = create_task(cancel_some_time(a));
    auto end = co_await ending_of(a);
    co_await b;
    co_await enemy;
    co_await taker(); // what the cancelled one left, if it was the last
    require(*sum == 15, "each came once");
    co_return end;
  };
  CHECK(outcomes(program) == names{"cancelled", "value"});
}

TEST_CASE("several: the timeout of as_completed races with the end",
          "[several]") {
  auto program = []() -> coro<std::string> {
    std::vector<coro<int>> bodies;
    for (int i = 0; i < 2; ++i)
      bodies.push_back([]() -> coro<int> {
        co_await sleep(3ms);
        co_return 1;
      }());
    auto line = as_completed(std::move(bodies), {.timeout = 3ms});
    std::string got;
    for (int i = 0; i < 2; ++i) {
      try {
        auto next = co_await line.next();
        require(next.has_value());
        got += std::to_string(next->result());
      } catch (const timeout_error&) {
        got += 't';
      }
    }
    require(!co_await line.next());
    co_await sleep(10ms);
    require(got == "11" || got == "1t" || got == "tt", got);
    co_return got;
  };
  auto seen = outcomes(program);
  CHECK(seen.count("11") == 1);
  CHECK(seen.count("tt") == 1);
}
