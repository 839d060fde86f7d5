// A wait ends in the moment in which its time is over: it gets what it waited
// for, or a timeout, and then nothing is lost.

#include <troupe/troupe.hpp>

#include "models/simulated_runs.hpp"
#include "support/sanitized.hpp"
#include "support/workers.hpp"

#include <cstdio>
#include <optional>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// When the wait is over, and when what it waits for comes.
struct times {
  std::chrono::nanoseconds limit;
  std::chrono::nanoseconds delay;
};

struct outcomes {
  long in_time = 0;
  long too_late = 0;
};

// True if `x` ended within the time.
template <class A>
coro<bool> in_time(A x, std::chrono::nanoseconds limit, outcomes& seen) {
  try {
    static_cast<void>(co_await wait_for(std::move(x), limit));
  } catch (const timeout_error&) {
    ++seen.too_late;
    co_return false;
  }
  ++seen.in_time;
  co_return true;
}

template <class F>
task<> after(std::chrono::nanoseconds delay, F act) {
  auto later = [](std::chrono::nanoseconds pause, F what) -> coro<void> {
    co_await sleep(pause);
    what();
  };
  return create_task(later(delay, act));
}

// Each gives back what was lost.
using race = coro<std::string> (*)(times, outcomes&);

coro<std::string> lock_race(times when, outcomes& seen) {
  lock door;
  co_await door.acquire();
  auto release = after(when.delay, [door]() mutable { door.release(); });
  bool got = co_await in_time(door.acquire(), when.limit, seen);
  co_await release;
  co_return door.locked() == got ? "" : "the lock";
}

coro<std::string> semaphore_race(times when, outcomes& seen) {
  semaphore permits{0};
  auto release = after(when.delay, [permits]() mutable { permits.release(); });
  bool got = co_await in_time(permits.acquire(), when.limit, seen);
  co_await release;
  co_return permits.statistics().value + got == 1 ? "" : "a permit";
}

coro<std::string> get_race(times when, outcomes& seen) {
  queue<int> items;
  auto put = after(when.delay, [items]() mutable { items.put_nowait(1); });
  bool got = co_await in_time(items.get(), when.limit, seen);
  co_await put;
  co_return items.qsize() + got == 1 ? "" : "an item";
}

coro<std::string> put_race(times when, outcomes& seen) {
  queue<int> items{1};
  items.put_nowait(1);
  auto get = after(when.delay, [items]() mutable { items.get_nowait(); });
  bool put = co_await in_time(items.put(2), when.limit, seen);
  co_await get;
  co_return items.qsize() == static_cast<std::size_t>(put) ? "" : "room";
}

coro<std::string> event_race(times when, outcomes& seen) {
  event gate;
  auto set = after(when.delay, [gate]() mutable { gate.set(); });
  co_await in_time(gate.wait(), when.limit, seen);
  co_await set;
  co_return gate.statistics().waiting == 0 ? "" : "the end of a wait";
}

coro<void> notice(condition changed, int& woken) {
  auto held = co_await changed.scoped();
  co_await changed.wait();
  ++woken;
}

// Of two that listen one is patient: it has the notification that the other one
// could not use. If that were lost, this would not end.
coro<std::string> condition_race(times when, outcomes& seen) {
  condition changed;
  int woken = 0;
  auto hasty = create_task(in_time(notice(changed, woken), when.limit, seen));
  auto patient = create_task(notice(changed, woken));
  while (changed.statistics().waiting < 2 && !hasty.done())
    co_await sleep(0s);
  co_await sleep(when.delay);
  {
    auto held = co_await changed.scoped();
    while (changed.statistics().waiting == 0)
      co_await sleep(0s);
    changed.notify();
  }
  bool got = co_await hasty;
  if (got) {
    patient.cancel();
    std::vector<any_future> all(1, patient);
    co_await wait(all);
  } else {
    co_await patient;
  }
  co_return woken == 1 && !changed.locked() ? "" : "a notification";
}

// The place of who passed in time.
using place = std::optional<std::size_t>;

coro<place> meet(barrier table, std::chrono::nanoseconds limit,
                 outcomes& seen) {
  place mine;
  auto pass = [](barrier all, place& got) -> coro<void> {
    got = co_await all.wait();
  };
  co_await in_time(pass(table, mine), limit, seen);
  co_return mine;
}

coro<place> meet_later(barrier table, times when) {
  outcomes mine;
  co_await sleep(when.delay);
  co_return co_await meet(table, when.limit, mine);
}

// The last one passes at once, also if the time of the other one is over just
// then. On a busy machine either may be the last.
coro<std::string> barrier_race(times when, outcomes& seen) {
  barrier table{2};
  auto other = create_task(meet_later(table, when));
  place one = co_await meet(table, when.limit, seen);
  place two = co_await other;
  auto end = table.statistics();
  bool alone
    = (one == 0U && !two) || (two == 0U && !one) || (one && one == two);
  co_return !alone && end.waiting + end.leaving + end.early == 0 ? ""
                                                                 : "a place";
}

struct {
  const char* name;
  race run;
} constexpr races[] = {
  {"lock", lock_race},       {"semaphore", semaphore_race},
  {"queue: get", get_race},  {"queue: put", put_race},
  {"event", event_race},     {"condition", condition_race},
  {"barrier", barrier_race},
};

constexpr std::size_t count = std::size(races);

coro<void> run_all(times when, outcomes (&seen)[count], std::string& lost) {
  for (std::size_t i = 0; i < count; ++i)
    lost += co_await races[i].run(when, seen[i]);
}

void print(const std::string& how, const outcomes (&seen)[count]) {
  std::printf("%s:", how.c_str());
  for (std::size_t i = 0; i < count; ++i)
    std::printf("%s %s %ld in time, %ld too late", i == 0 ? "" : ",",
                races[i].name, seen[i].in_time, seen[i].too_late);
  std::printf("\n");
}

} // namespace

TEST_CASE("coordination: what comes just as the time is over is not lost",
          "[explore]") {
  const int runs = TROUPE_SANITIZED ? 500 : 20'000;
  models::simulated_runs simulated;
  outcomes seen[count];
  std::string problem;
  for (int seed = 1; seed <= runs && problem.empty(); ++seed) {
    auto program = [&]() -> coro<void> {
      std::string lost;
      times equal{1ms, 1ms};
      co_await run_all(equal, seen, lost);
      test::require(lost.empty(), lost);
    };
    problem = simulated.run(program, detail::strategy_kind::random,
                            static_cast<std::uint64_t>(seed));
  }
  INFO(problem);
  REQUIRE(problem.empty());
  print("in random orders", seen);
  for (std::size_t i = 0; i < count; ++i) {
    INFO(races[i].name);
    CHECK(seen[i].in_time > runs / 20);
    CHECK(seen[i].too_late > runs / 20);
  }
}

TEST_CASE("coordination: what comes as the time is over, on several threads",
          "[explore][threads]") {
  for_each_worker_count([](run_options options) {
    outcomes seen[count];
    std::string lost;
    run(
      [&]() -> coro<void> {
        for (int i = 0; i < 300; ++i) {
          times close{200us, 150us + i % 10 * 10us};
          co_await run_all(close, seen, lost);
        }
      },
      options);

    CHECK(lost == "");
    print(std::to_string(options.threads) + " workers", seen);
  });
}
