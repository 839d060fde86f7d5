// What uniform chance does not find: one of four makes 20 steps before another
// makes one.

#include "bugs/bank.hpp"
#include "support/test.hpp"

#include <cstdio>

using namespace troupe;
using test::strategy;
using namespace std::chrono_literals;

namespace {

coro<void> count_steps(int& mine, const int& other, bool& overtaken) {
  for (int i = 0; i < 25; ++i) {
    ++mine;
    if (mine >= 20 && other == 0)
      overtaken = true;
    co_await sleep(0s);
  }
}

// In 1000 schedules: how often the first made 20 steps before the second one.
double rate(strategy how, std::uint64_t schedules) {
  std::uint64_t hits = 0;
  auto program = [&hits]() -> coro<void> {
    int steps[4] = {};
    bool overtaken = false;
    bool unused = false;
    auto a = create_task(count_steps(steps[0], steps[1], overtaken));
    auto b = create_task(count_steps(steps[1], steps[0], unused));
    auto c = create_task(count_steps(steps[2], steps[3], unused));
    auto d = create_task(count_steps(steps[3], steps[2], unused));
    co_await a;
    co_await b;
    co_await c;
    co_await d;
    hits += overtaken;
  };
  auto found = test::explore(program, {.schedules = schedules,
                                       .how = how,
                                       .depth = 3,
                                       .nothing_new = schedules,
                                       .recheck = 0});
  REQUIRE(found.ok());
  return 1'000.0 * static_cast<double>(hits)
       / static_cast<double>(found.schedules);
}

} // namespace

TEST_CASE("starvation: PCT hits it in a tenth of the schedules, chance never") {
  double pct = rate(strategy::pct, 5'000);
  double chance = rate(strategy::random, 20'000);
  std::printf("starvation order, hits in 1000: PCT %.1f, random %.1f\n", pct,
              chance);
  CHECK(pct >= 100);
  CHECK(chance == 0);
}
