#include <troupe/time_limit.hpp>

#include "support/test.hpp"

#include <cmath>
#include <type_traits>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("time_limit: none, or a duration", "[time_limit]") {
  CHECK_FALSE(time_limit());
  CHECK_FALSE(time_limit(nullptr));
  CHECK_FALSE(time_limit(std::nullopt));
  CHECK_FALSE(time_limit(std::optional<std::chrono::seconds>()));
  CHECK(time_limit(0s));
  CHECK(time_limit(2ms).count() == 2'000'000);
  CHECK(time_limit(std::optional{-1s}).count() == -1'000'000'000);
  std::chrono::duration<double> no_number{std::nan("")};
  CHECK_THROWS_AS(time_limit(no_number), std::invalid_argument);
}

TEST_CASE("time_limit: may stand in braces beside an await", "[time_limit]") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<time_limit>);
}
