#pragma once

#include "runtime/simulator.hpp"

#include <string>
#include <string_view>

namespace troupe::detail {

// All that decides a run, as a text of at most 2 KiB of letters, digits, '-',
// '_' and '.'. Long runs are written as their seed and strategy, others by the
// choices that were not undisturbed. In front stands a mark of the program, so
// that an environment variable meant for one exploration does not disturb
// another one.
struct schedule {
  std::uint16_t program = 0;
  run_plan plan;
};

std::string encode(const schedule& from);

// Throws std::invalid_argument if `text` is no schedule.
schedule decode(std::string_view text);

} // namespace troupe::detail
