// The glue for Catch2.

#include <troupe/simulation_catch2.hpp>
#include <troupe/troupe.hpp>

#include "support/test.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace {

int runs = 0;

coro<void> count_runs() {
  ++runs;
  co_await sleep(1h);
}

} // namespace

TROUPE_EXPLORED_TEST_CASE("simulation_catch2: a test case may be a program",
                          "[simulation_catch2]") {
  auto started = test::time();
  co_await sleep(24h);
  test::require(test::time() - started == 24h);
}

TEST_CASE("simulation_catch2: settings follow the program") {
  runs = 0;
  REQUIRE_EXPLORED(count_runs, .schedules = 7, .recheck = 0);
  CHECK(runs == 7);
}
