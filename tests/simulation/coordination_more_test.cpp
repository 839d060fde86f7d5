// rw_lock, once and rate_limiter in explored orders, with a task cancelled at
// every step; what a limiter gives when; deadlocks with their names.

#include <troupe/event.hpp>
#include <troupe/once.hpp>
#include <troupe/rate_limiter.hpp>
#include <troupe/rw_lock.hpp>

#include "simulation/injection.hpp"

#include <stdexcept>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct users {
  int reading = 0;
  int writing = 0;
  int entered = 0;
};

// Counts somebody in, and out again when the scope is left.
class user {
public:
  explicit user(int& count) : count_(count) {
    ++count_;
  }

  user(const user&) = delete;
  user& operator=(const user&) = delete;

  ~user() {
    --count_;
  }

private:
  int& count_;
};

coro<void> read_table(rw_lock table, users& seen) {
  auto held = co_await table.scoped_read();
  user me{seen.reading};
  test::require(seen.writing == 0, "nobody writes while somebody reads");
  ++seen.entered;
  co_await sleep(0s);
  test::require(seen.writing == 0, "nobody writes while somebody reads");
}

coro<void> write_table(rw_lock table, users& seen) {
  auto held = co_await table.scoped_write();
  user me{seen.writing};
  test::require(seen.writing == 1 && seen.reading == 0, "a writer is alone");
  ++seen.entered;
  co_await sleep(0s);
  test::require(seen.writing == 1 && seen.reading == 0, "a writer is alone");
}

coro<void> attempt(once flag, int& running, int& tries, int& done, int bad) {
  auto body = [&, bad]() -> coro<void> {
    user me{running};
    test::require(running == 1, "one at a time");
    test::require(done == 0, "not again");
    int mine = ++tries;
    co_await sleep(0s);
    if (mine <= bad)
      throw std::runtime_error("bad");
    ++done;
  };
  co_await flag.call(body);
  test::require(done == 1, "it is done when the call returns");
}

coro<void> spend(rate_limiter limiter, std::size_t count, std::size_t& spent) {
  co_await limiter.acquire(count);
  spent += count;
}

// What the failure of a run in asyncio's order says; empty if there is none.
template <class F>
std::string report_of(F program) {
  test::simulation sim{{.how = test::strategy::fifo}};
  try {
    sim.run(program);
  } catch (const test::failure& found) {
    return found.kind + ": " + found.what();
  }
  return {};
}

} // namespace

TEST_CASE("coordination: an rw_lock is never lost, and a writer is alone") {
  explore_cancellations(5, 10, [](injection where) -> coro<void> {
    rw_lock table{"table"};
    users seen;
    std::vector<task<>> all;
    for (int i = 0; i < 5; ++i)
      all.push_back(i % 2 == 0 ? create_task(read_table(table, seen))
                               : create_task(write_table(table, seen)));
    auto strike = where.strike(all);
    int cancelled = 0;
    for (auto& each : all)
      cancelled += co_await ended_cancelled(each);
    co_await strike;
    test::require(seen.entered >= 5 - cancelled, "nobody is forgotten");
    auto end = table.statistics();
    test::require(end.readers == 0 && !end.writing, "it is free at the end");
    test::require(end.waiting_readers + end.waiting_writers == 0,
                  "nobody waits at the end");
  });
}

TEST_CASE("coordination: what is done once is done once") {
  for (int bad = 0; bad < 3; ++bad)
    explore_cancellations(
      4, 10,
      [bad](injection where) -> coro<void> {
        once flag{"flag"};
        int running = 0;
        int tries = 0;
        int done = 0;
        int failed = 0;
        std::vector<task<>> all;
        for (int i = 0; i < 4; ++i)
          all.push_back(create_task(attempt(flag, running, tries, done, bad)));
        auto strike = where.strike(all);
        int cancelled = 0;
        for (auto& each : all) {
          try {
            cancelled += co_await ended_cancelled(each);
          } catch (const std::runtime_error&) {
            ++failed;
          }
        }
        co_await strike;
        test::require(failed <= bad, "who failed is told");
        test::require(done == flag.done(), "done or not");
        test::require(flag.done() || failed + cancelled == 4,
                      "whoever did not fail saw it done");
        auto end = flag.statistics();
        test::require(end.waiting == 0 && end.runner.empty(), "nobody is left");
      },
      200);
}

TEST_CASE("coordination: tokens are given once, in the right time") {
  // Tokens are due each tenth of a second, and so are the cancellations.
  auto strike_then
    = [](injection where, std::vector<task<>> all) -> coro<void> {
    co_await sleep(where.step * 100ms);
    if (where.victim < all.size())
      all[where.victim].cancel();
  };
  explore_cancellations(4, 8, [&](injection where) -> coro<void> {
    rate_limiter limiter{10, 3, "calls"};
    std::size_t spent = 0;
    std::vector<task<>> all;
    for (std::size_t i = 0; i < 4; ++i)
      all.push_back(create_task(spend(limiter, i % 3 + 1, spent)));
    auto strike = create_task(strike_then(where, all));
    for (auto& each : all)
      co_await ended_cancelled(each);
    co_await strike;
    auto end = limiter.statistics();
    test::require(end.taken == spent, "what was taken was spent");
    test::require(end.waiting == 0, "nobody waits at the end");
    co_await sleep(300ms);
    test::require(limiter.statistics().available == 3, "it is full again");
  });
}

TEST_CASE("coordination: a limiter gives each token when it is due") {
  std::vector<long> times;
  test::simulation sim{{.how = test::strategy::fifo}};
  sim.run([&]() -> coro<void> {
    rate_limiter limiter{3, 2};
    auto begin = get_running_loop().time();
    auto note = [&] {
      times.push_back(static_cast<long>(
        std::chrono::nanoseconds{get_running_loop().time() - begin}.count()));
    };
    for (int i = 0; i < 5; ++i) {
      co_await limiter.acquire();
      note();
    }
    co_await limiter.acquire(2);
    note();
    co_await sleep(10s);
    co_await limiter.acquire(2);
    note();
  });

  REQUIRE(times.size() == 7);
  times.back() -= 10'000'000'000;
  CHECK(times
        == std::vector<long>{0, 0, 333'333'333, 666'666'667, 1'000'000'000,
                             1'666'666'667, 1'666'666'667});
}

TEST_CASE("coordination: a reader that would write waits for itself, as is "
          "told") {
  auto report = report_of([]() -> coro<void> {
    rw_lock table{"table"};
    auto body = [&]() -> coro<void> {
      auto reading = co_await table.scoped_read();
      auto writing = co_await table.scoped_write();
    };
    auto reader = create_task(body(), "reader");
    co_await reader;
  });
  CHECK_THAT(report, Catch::Contains("deadlock"));
  CHECK_THAT(report, Catch::Contains("reader waits for")
                       || Catch::Contains("waits for reader, by <rw_lock "
                                          "'table' 1 reader, 1 to write>"));
}

TEST_CASE("coordination: a once that waits for another's end is told by name") {
  auto report = report_of([]() -> coro<void> {
    once first{"first"};
    once second{"second"};
    auto cross = [](once outer, once inner) -> coro<void> {
      auto body = [&]() -> coro<void> {
        co_await sleep(1s);
        co_await inner.call([] {});
      };
      co_await outer.call(body);
    };
    auto one = create_task(cross(first, second), "one");
    auto two = create_task(cross(second, first), "two");
    co_await one;
    co_await two;
  });
  CHECK_THAT(report, Catch::Contains("deadlock"));
  CHECK_THAT(report,
             Catch::Contains("waits for two, by <once 'second' run by two"));
}
