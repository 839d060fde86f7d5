// Exhaustive search: how many orders there are, one of each kind of trace; and
// how evenly the strategies try them.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <cmath>
#include <cstdio>
#include <map>

using namespace troupe;
using namespace std::chrono_literals;
using test::strategy;

namespace {

// Touches each of the names, one in a step, and writes down who touched "x".
coro<void> touch_each(std::vector<std::string> names, char who,
                      std::string* seen = nullptr) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0)
      co_await sleep(0s);
    test::touch(names[i]);
    if (seen && names[i] == "x")
      *seen += who;
  }
}

using plan = std::vector<std::vector<std::string>>;

// A task for each line of the plan. Their steps are done when time passes.
coro<void> run_plan(plan tasks, std::string* seen = nullptr) {
  std::vector<task<void>> all;
  char name = 'a';
  for (auto& names : tasks)
    all.push_back(create_task(touch_each(std::move(names), name++, seen)));
  co_await sleep(1s);
}

test::exploration all_orders(const plan& tasks, bool told) {
  return test::explore([&] { return run_plan(tasks); },
                       {.schedules = 100'000,
                        .how = strategy::exhaustive,
                        .odds = 0,
                        .shares_told = told});
}

std::vector<std::string> times(const char* name, std::size_t count) {
  return std::vector<std::string>(count, name);
}

template <class F>
test::exploration search(F program, bool told) {
  return test::explore(program, {.schedules = 50'000,
                                 .how = strategy::exhaustive,
                                 .odds = 0,
                                 .shares_told = told,
                                 .shrink = false});
}

// -- wrong programs -----------------------------------------------------------

coro<void> add(int& balance, int amount) {
  test::touch("balance");
  int old = balance;
  co_await sleep(0s);
  test::touch("balance");
  balance = old + amount;
}

coro<void> bystander() {
  for (int i = 0; i < 2; ++i)
    co_await sleep(0s);
}

coro<void> lost_update() {
  int balance = 0;
  auto a = create_task(add(balance, 1));
  auto other = create_task(bystander());
  auto b = create_task(add(balance, 2));
  co_await a;
  co_await b;
  co_await other;
  test::require(balance == 3, "an update is lost");
}

coro<void> take_both(lock first, lock second) {
  auto outer = co_await first.scoped();
  co_await sleep(0s);
  auto inner = co_await second.scoped();
}

coro<void> crossed_locks() {
  lock a;
  lock b;
  auto one = create_task(take_both(a, b));
  auto other = create_task(bystander());
  co_await sleep(0s);
  co_await sleep(0s);
  auto two = create_task(take_both(b, a));
  co_await one;
  co_await two;
  co_await other;
}

coro<void> wait_if_not(bool& ready, event changed) {
  test::touch("ready");
  bool was = ready;
  co_await sleep(0s);
  if (!was)
    co_await changed.wait();
}

coro<void> make_ready(bool& ready, event changed) {
  test::touch("ready");
  ready = true;
  changed.set();
  changed.clear();
  co_return;
}

coro<void> lost_wake_up() {
  bool ready = false;
  event changed;
  auto other = create_task(bystander());
  auto waiter = create_task(wait_if_not(ready, changed));
  auto maker = create_task(make_ready(ready, changed));
  co_await waiter;
  co_await maker;
  co_await other;
}

coro<void> doze(std::chrono::seconds delay) {
  co_await sleep(delay);
}

// The task may have ended by its alarm when it is cancelled.
coro<void> late_cancel() {
  auto dozing = create_task(doze(1s));
  co_await sleep(1s);
  bool asked = dozing.cancel();
  co_await test::wait_all_tasks_blocked();
  test::require(asked, "it had ended before");
}

// -- how even a strategy is ---------------------------------------------------

struct evenness {
  std::size_t traces = 0;
  double distance = 0; // half the sum of |p - 1/traces|
  double rarest = 0;   // times the number of traces: 1 if even
};

// Of the order in which `x` was touched by the tasks of a plan.
evenness sample(const plan& tasks, strategy how, std::size_t traces) {
  std::map<std::string, std::uint64_t> counts;
  constexpr std::uint64_t runs = 40'000;
  std::string seen;
  auto found = test::explore(
    [&]() -> coro<void> {
      seen.clear();
      co_await run_plan(tasks, &seen);
      ++counts[seen];
    },
    {.schedules = runs,
     .how = how,
     .fair_after = runs,
     .nothing_new = runs,
     .recheck = 0,
     .odds = 0});
  REQUIRE(found.ok());
  evenness result;
  result.traces = counts.size();
  double even = 1.0 / static_cast<double>(traces);
  double rarest = counts.size() < traces ? 0 : 1;
  double distance = even * static_cast<double>(traces - counts.size());
  for (const auto& [trace, count] : counts) {
    double chance = static_cast<double>(count) / static_cast<double>(runs);
    distance += std::abs(chance - even);
    rarest = std::min(rarest, chance);
  }
  result.distance = distance / 2;
  result.rarest = rarest * static_cast<double>(traces);
  return result;
}

} // namespace

TEST_CASE("exhaustive: steps that touch nothing in common have one order") {
  plan tasks{times("a", 3), times("b", 3), times("c", 3)};
  auto found = all_orders(tasks, true);
  INFO(found.text());
  CHECK(found.ended == "all orders");
  CHECK(found.schedules == 1);
}

TEST_CASE("exhaustive: each trace is run once") {
  struct {
    plan tasks;
    std::uint64_t traces;
  } programs[] = {
    // Steps of two that all touch the same: 6 over 3, and 8 over 4.
    {{times("x", 3), times("x", 3)}, 20},
    {{times("x", 4), times("x", 4)}, 70},
    {{times("x", 2), times("x", 2), times("x", 2)}, 90},
    // One that comes before or after each step of another.
    {{times("x", 5), {"x"}}, 6},
    // Before or after, for each of four.
    {{{"a", "b", "c", "d"}, {"a"}, {"b"}, {"c"}, {"d"}}, 16},
    // Two pairs that have nothing to do with each other.
    {{times("x", 2), times("x", 2), times("y", 2), times("y", 2)}, 36},
    // What is theirs alone does not count: 4 over 2.
    {{{"a", "a", "x", "x"}, {"b", "b", "b", "x", "x"}, times("c", 4)}, 6},
  };
  for (const auto& each : programs) {
    auto found = all_orders(each.tasks, true);
    INFO(found.text());
    CHECK(found.ok());
    CHECK(found.ended == "all orders");
    CHECK(found.schedules == each.traces);
  }
}

TEST_CASE("exhaustive: who does not tell what is shared gets all orders") {
  auto found = all_orders({times("a", 3), times("b", 3)}, false);
  INFO(found.text());
  CHECK(found.ended == "all orders");
  CHECK(found.schedules == 20);
}

TEST_CASE("exhaustive: alarms of sleepers have one order") {
  auto found = search(
    []() -> coro<void> {
      std::vector<task<void>> all;
      for (int i = 0; i < 3; ++i)
        all.push_back(create_task(doze(1s)));
      co_await sleep(5s);
    },
    true);
  INFO(found.text());
  CHECK(found.ok());
  CHECK(found.schedules == 1);
}

TEST_CASE("exhaustive: a wrong program is found wrong, told or not") {
  std::printf("| %-14s | %10s | %10s\n", "orders until", "told", "not told");
  auto both = [](const char* name, auto program, const char* kind) {
    auto told = search(program, true);
    auto all = search(program, false);
    std::printf("| %-14s | %10llu | %10llu\n", name,
                static_cast<unsigned long long>(told.found_after),
                static_cast<unsigned long long>(all.found_after));
    INFO(name << '\n' << told.text() << all.text());
    REQUIRE(told.found);
    REQUIRE(all.found);
    CHECK(told.found->kind == kind);
    CHECK(all.found->kind == kind);
  };
  both("lost update", lost_update, "exception");
  both("crossed locks", crossed_locks, "deadlock");
  both("lost wake-up", lost_wake_up, "deadlock");
  both("late cancel", late_cancel, "exception");
}

TEST_CASE("exhaustive: a right program with locks is run to its end") {
  auto program = []() -> coro<void> {
    lock a;
    lock b;
    auto one = create_task(take_both(a, b));
    auto two = create_task(take_both(a, b));
    auto other = create_task(bystander());
    co_await sleep(1s);
  };
  auto told = search(program, true);
  auto all = search(program, false);
  INFO(told.text() << all.text());
  CHECK(told.ok());
  CHECK(all.ok());
  CHECK(told.ended == "all orders");
  CHECK(told.schedules * 4 < all.schedules);
}

TEST_CASE("partial_order: tries traces more evenly than chance does") {
  struct {
    const char* name;
    plan tasks;
    std::size_t traces;
  } programs[] = {
    {"one late", {{"a", "a", "a", "a", "a", "a", "x"}, {"x"}}, 2},
    {"three late", {{"a", "a", "a", "a", "x"}, {"b", "b", "x"}, {"x"}}, 6},
    {"rare", {{"x", "a", "a", "a", "x"}, {"x", "b", "x"}}, 6},
  };
  std::printf("| %-10s | %-14s | %8s | %8s\n", "program", "strategy",
              "distance", "rarest");
  for (const auto& each : programs) {
    auto print = [&](const char* how, const evenness& x) {
      std::printf("| %-10s | %-14s | %8.3f | %8.3f\n", each.name, how,
                  x.distance, x.rarest);
    };
    auto chance = sample(each.tasks, strategy::random, each.traces);
    auto order = sample(each.tasks, strategy::partial_order, each.traces);
    print("random", chance);
    print("partial_order", order);
    CHECK(order.traces == each.traces);
    CHECK(order.distance < chance.distance);
    CHECK(order.rarest > chance.rarest);
  }
}
