// The glue for GoogleTest.

#include <troupe/simulation_gtest.hpp>
#include <troupe/troupe.hpp>

#include <gtest/gtest.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

int runs = 0;

coro<void> count_runs() {
  ++runs;
  co_await sleep(1h);
}

} // namespace

TROUPE_EXPLORED_TEST(SimulationGtest, ATestMayBeAProgram) {
  auto started = test::time();
  co_await sleep(24h);
  test::require(test::time() - started == 24h);
}

TEST(SimulationGtest, SettingsFollowTheProgram) {
  runs = 0;
  ASSERT_EXPLORED(count_runs, .schedules = 7, .recheck = 0);
  EXPECT_EQ(runs, 7);
}
