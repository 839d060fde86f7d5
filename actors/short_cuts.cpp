// How often the short cuts of production code were taken and refused by all
// simulations of this process.

#include "actors/simulated_world.hpp"

#include <cstdio>
#include <mutex>

namespace troupe {

namespace detail {

namespace {

std::mutex all_mutex;
short_cut_coverage all_short_cuts;

} // namespace

// Adds what is new since the last call.
void simulated_world::count_short_cuts() {
  const short_cut_coverage& now = simulator_.coverage();
  std::lock_guard lock{all_mutex};
  for (std::size_t i = 0; i < std::size(now.taken); ++i) {
    all_short_cuts.taken[i] += now.taken[i] - counted_.taken[i];
    all_short_cuts.refused[i] += now.refused[i] - counted_.refused[i];
  }
  counted_ = now;
}

} // namespace detail

namespace test {

std::string short_cut_table() {
  std::lock_guard lock{detail::all_mutex};
  std::string table = "short cut        |       taken |    refused\n";
  std::size_t both = 0;
  constexpr auto count = static_cast<std::size_t>(detail::short_cut::count);
  for (std::size_t i = 0; i < count; ++i) {
    auto taken = detail::all_short_cuts.taken[i];
    auto refused = detail::all_short_cuts.refused[i];
    both += taken > 0 && refused > 0;
    char line[80];
    std::snprintf(line, sizeof line, "%-16s | %11llu | %10llu\n",
                  detail::name_of(static_cast<detail::short_cut>(i)),
                  static_cast<unsigned long long>(taken),
                  static_cast<unsigned long long>(refused));
    table += line;
  }
  return table + std::to_string(both) + " of " + std::to_string(count)
       + " went both ways, " + std::to_string(both * 100 / count) + " %\n";
}

} // namespace test

} // namespace troupe
