// What simulations cost. Prints, for each strategy, schedules a second and core
// of a program of about 50 steps, and how long a day and a month of virtual
// time take.
//
//     bench_simulation

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include "measure.hpp"

#include <vector>

using namespace troupe;
using namespace std::chrono_literals;
using test::strategy;

namespace {

coro<void> spin(int turns) {
  for (int i = 0; i < turns; ++i)
    co_await sleep(0s);
}

// Five tasks of ten steps.
coro<void> fifty_steps() {
  std::vector<task<void>> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(create_task(spin(10)));
  for (auto& each : all)
    co_await each;
}

void schedules_a_second(const char* name, strategy how) {
  constexpr std::uint64_t count = 100'000;
  bench::stopwatch watch;
  auto found = test::explore(
    fifty_steps,
    {.schedules = count, .how = how, .nothing_new = count, .recheck = 0});
  double seconds = watch.elapsed().cpu_ns / 1e9;
  std::printf("%-16s %9.0f schedules/s at %.0f steps\n", name,
              static_cast<double>(found.schedules) / seconds,
              static_cast<double>(found.steps)
                / static_cast<double>(found.schedules));
}

coro<void> tick(std::chrono::seconds pause, std::chrono::seconds end) {
  while (test::time() < end)
    co_await sleep(pause);
}

void virtual_time(const char* name, int tasks, std::chrono::seconds pause,
                  std::chrono::seconds end) {
  test::simulation sim;
  sim.run(fifty_steps); // warm-up
  bench::stopwatch watch;
  sim.run([&]() -> coro<void> {
    std::vector<task<void>> all;
    for (int i = 0; i < tasks; ++i)
      all.push_back(create_task(tick(pause, end)));
    for (auto& each : all)
      co_await each;
  });
  bench::spent cost = watch.elapsed();
  std::printf("%-32s %10.3f ms of CPU, %10.3f ms, %llu steps\n", name,
              cost.cpu_ns / 1e6, cost.wall_ns / 1e6,
              static_cast<unsigned long long>(sim.steps()));
}

} // namespace

int main() {
  schedules_a_second("random", strategy::random);
  schedules_a_second("pct", strategy::pct);
  schedules_a_second("partial_order", strategy::partial_order);
  schedules_a_second("delay_bounding", strategy::delay_bounding);
  schedules_a_second("portfolio", strategy::portfolio);
  virtual_time("24 h of 100 one-second timers", 100, 1s, 24h);
  virtual_time("30 idle days", 1, 720h, 720h);
}
