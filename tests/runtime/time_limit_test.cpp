// What may stand for the limit of a wait.

#include <troupe/time_limit.hpp>

#include "support/test.hpp"

#include <limits>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("time_limit: nothing is no limit", "[time_limit]") {
  CHECK_FALSE(time_limit{});
  CHECK_FALSE(time_limit{nullptr});
  CHECK_FALSE(time_limit{std::nullopt});
  CHECK_FALSE(time_limit{std::optional<std::chrono::seconds>{}});
}

TEST_CASE("time_limit: any duration is one", "[time_limit]") {
  CHECK(time_limit{2s}.count() == 2'000'000'000);
  CHECK(time_limit{1.5ms}.count() == 1'500'000);
  CHECK(time_limit{std::optional{3us}}.count() == 3'000);
  CHECK(time_limit{-1s}.count() < 0);
  CHECK(time_limit{0s});
}

TEST_CASE("time_limit: what is no number is refused", "[time_limit]") {
  std::chrono::duration<double> none{std::numeric_limits<double>::quiet_NaN()};
  CHECK_THROWS_AS(time_limit{none}, std::invalid_argument);
}
