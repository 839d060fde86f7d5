// Each short cut of production code goes both ways in explored programs. The
// table is shown by scripts/test, which shows all lines that begin with "| ".

#include "simulation/echo_node.hpp"

#include <cstdio>
#include <sstream>

namespace {

coro<void> talk_over_a_bad_link() {
  test::network net;
  net.set_links(bad_link());
  test::node server{"server", echo_server};
  co_await sleep(1s);
  bool whole = co_await talk(numbers(200), 300);
  test::require(whole, "without a fault everything comes");
}

coro<void> talk_under_faults() {
  test::network net;
  test::node server{"server", echo_server};
  co_await sleep(1s);
  net.inject_faults(20);
  co_await talk(numbers(100), 200);
  net.inject_faults(0);
}

coro<void> rest() {
  co_await sleep(1h);
}

coro<void> wait_for_the_lock(lock door) {
  auto inside = co_await door.scoped();
}

coro<void> cancel_those_who_wait() {
  lock door;
  auto inside = co_await door.scoped();
  auto sleeper = create_task(rest());
  auto in_line = create_task(wait_for_the_lock(door));
  auto both = create_task(wait_for_the_lock(door));
  co_await sleep(1s);
  sleeper.cancel();
  in_line.cancel();
  both.cancel();
  co_await sleep(1s);
  test::require(sleeper.cancelled() && in_line.cancelled() && both.cancelled());
}

coro<void> run_out_of_time() {
  bool late = false;
  try {
    co_await wait_for(rest(), 1s);
  } catch (const timeout_error&) {
    late = true;
  }
  test::require(late);
}

} // namespace

TEST_CASE("simulation: each short cut is taken and refused", "[explore]") {
  test::check(talk_over_a_bad_link, {.schedules = 300});
  test::check(talk_under_faults, {.schedules = 300});
  test::check(cancel_those_who_wait, {.schedules = 300});
  test::check(run_out_of_time, {.schedules = 300});
  std::string table = test::short_cut_table();
  std::istringstream lines{table};
  for (std::string line; std::getline(lines, line);)
    std::printf("| %s\n", line.c_str());
  auto all = table.substr(table.rfind('\n', table.size() - 2) + 1);
  CHECK(all == "3 of 3 went both ways, 100 %\n");
}
