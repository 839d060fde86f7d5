#include "runtime/clock.hpp"
#include "support/test.hpp"

#include <thread>
#include <vector>

using namespace std::chrono_literals;

using troupe::detail::recent_now;
using troupe::detail::steady_now;

namespace {

std::int64_t clock_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

// Says whether each reading lies between two of the clock.
bool keeps_up() {
  constexpr std::int64_t most = std::chrono::nanoseconds{10us}.count();
  std::int64_t last = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::int64_t before = clock_now();
    std::int64_t mine = i % 10 == 0 ? steady_now() : recent_now();
    if (mine < before - most || mine > clock_now() || mine < last)
      return false;
    last = mine;
  }
  return true;
}

} // namespace

TEST_CASE("clock: is never ahead of the steady clock, nor far behind",
          "[clock]") {
  CHECK(keeps_up());
}

TEST_CASE("clock: each thread reads it for itself", "[clock][threads]") {
  std::vector<std::thread> threads;
  std::vector<char> kept_up(4);
  for (char& each : kept_up)
    threads.emplace_back([&each] { each = keeps_up(); });
  for (auto& thread : threads)
    thread.join();
  CHECK(kept_up == std::vector<char>(4, 1));
}
