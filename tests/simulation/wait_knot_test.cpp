// Tasks that wait for several others, and are in a deadlock by that, while the
// rest of the program could go on.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

#include <functional>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// What is found while the main task sleeps; empty if nothing is.
std::string report_of(const std::function<void()>& begin) {
  test::simulation sim;
  auto program = [&]() -> coro<void> {
    begin();
    co_await sleep(1h);
  };
  try {
    sim.run(program);
  } catch (const test::failure& found) {
    CHECK(found.kind == "deadlock");
    return found.what();
  }
  return {};
}

// Stuck are those named, not others.
void check_stuck(const std::string& report,
                 const std::vector<const char*>& names) {
  INFO(report);
  auto begin = report.find("in a circle\n");
  REQUIRE(begin != std::string::npos);
  std::string circle
    = report.substr(begin, report.find("who waits for whom") - begin);
  for (const char* name : {"one", "two", "three", "busy"}) {
    INFO(name);
    bool expected = false;
    for (const char* each : names)
      expected = expected || std::string{each} == name;
    std::string line = std::string{"\n  "} + name + " at ";
    CHECK((circle.find(line) != std::string::npos) == expected);
  }
  CHECK(report.find("3600.0 ") == std::string::npos);
}

coro<void> want(lock door, std::chrono::nanoseconds pause = {}) {
  co_await sleep(pause);
  auto held = co_await door.scoped();
}

coro<void> hold_and_want(lock first, lock second) {
  auto held = co_await first.scoped();
  co_await want(second, 5ms);
}

coro<void> nap() {
  co_await sleep(1s);
}

// -- select -------------------------------------------------------------------

coro<void> hold_and_select(lock first, lock second, task<> other) {
  auto held = co_await first.scoped();
  co_await sleep(5ms); // the other one holds its lock
  auto found = co_await select(second.scoped(), other);
  CHECK(found.index() == 1);
}

void select_beside(bool third_is_stuck) {
  lock left{"left"};
  lock right{"right"};
  auto third
    = create_task(third_is_stuck ? want(left, 5ms) : nap(), {.name = "three"});
  auto one = create_task(hold_and_select(left, right, third), {.name = "one"});
  auto two = create_task(hold_and_want(right, left), {.name = "two"});
  static_cast<void>(one);
  static_cast<void>(two);
}

// -- all of several -----------------------------------------------------------

enum class way { gathers, gathers_outcomes, waits, has_group };

coro<void> wait_for_both(way how, task<> first, task<> second) {
  if (how == way::gathers) {
    co_await gather(first, second);
  } else if (how == way::gathers_outcomes) {
    co_await gather(return_exceptions, first, second);
  } else {
    std::vector<task<>> both(2, first);
    both[1] = second;
    co_await wait(both);
  }
}

coro<void> group_of(lock door, std::chrono::nanoseconds pause) {
  auto body = [door, pause](task_group& group) -> coro<void> {
    group.create_task(want(door, pause), {.name = "two"});
    group.create_task(nap(), {.name = "busy"});
    co_return;
  };
  co_await with_task_group(body);
}

// Holds what one of its children wants. The other one works on.
coro<void> hold_and_wait(way how, std::chrono::nanoseconds pause) {
  lock door{"door"};
  auto held = co_await door.scoped();
  if (how == way::has_group) {
    co_await group_of(door, pause);
    co_return;
  }
  auto two = create_task(want(door, pause), {.name = "two"});
  auto busy = create_task(nap(), {.name = "busy"});
  co_await wait_for_both(how, two, busy);
}

coro<void> hold_and_wait_for_first(wait_options options) {
  lock door{"door"};
  auto held = co_await door.scoped();
  std::vector<task<>> both(1, create_task(want(door), {.name = "two"}));
  both.push_back(create_task(nap(), {.name = "busy"}));
  co_await wait(both, options);
}

} // namespace

TEST_CASE("simulation: a select is in a deadlock with all that it waits for") {
  check_stuck(report_of([] { select_beside(true); }), {"one", "two", "three"});
}

TEST_CASE("simulation: a select that one of its arms can end is in none") {
  CHECK(report_of([] { select_beside(false); }) == "");
}

TEST_CASE("simulation: who waits for all is in a deadlock with one of them") {
  for (way how :
       {way::gathers, way::gathers_outcomes, way::waits, way::has_group})
    for (auto pause : {0ms, 10ms}) { // the child waits first, or the parent
      INFO(static_cast<int>(how) << ' ' << pause.count());
      auto begin = [=] {
        create_task(hold_and_wait(how, pause), {.name = "one"});
      };
      check_stuck(report_of(begin), {"one", "two"});
    }
}

TEST_CASE("simulation: who waits for the first, or not for ever, is in none") {
  wait_options first{.return_when = return_when::first_completed};
  wait_options limited{.timeout = 1min};
  for (const wait_options& options : {first, limited}) {
    auto begin = [=] {
      create_task(hold_and_wait_for_first(options), {.name = "one"});
    };
    CHECK(report_of(begin) == "");
  }
}
