// A day of a hundred timers, in about a second: time in a simulation jumps to
// the next timer. No Python counterpart.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include <chrono>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;

troupe::coro<> beat(std::uint64_t& beats, std::chrono::seconds pause,
                    std::chrono::seconds until) {
  for (auto time = 0s; time < until; time += pause) {
    co_await troupe::sleep(pause);
    ++beats;
  }
}

int main() {
  std::uint64_t beats = 0;
  troupe::test::simulation day;
  day.run([&]() -> troupe::coro<> {
    std::vector<troupe::task<>> all;
    for (int i = 0; i < 100; ++i)
      all.push_back(troupe::create_task(beat(beats, 10s, 24h)));
    for (auto& each : all)
      co_await each;
  });
  auto hours = std::chrono::duration_cast<std::chrono::hours>(day.elapsed());
  std::cout << beats << " beats in " << hours.count() << " hours\n";
}
