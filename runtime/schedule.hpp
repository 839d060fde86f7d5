#pragma once

#include "runtime/simulator.hpp"

#include <string>
#include <string_view>

namespace troupe::detail {

// All that decides a run, as a text of at most 2 KiB of letters, digits, '-',
// '_' and '.'. Long runs are written as their seed and strategy, others by the
// choices that were not undisturbed.
std::string encode(const run_plan& plan);

// Throws std::invalid_argument if `text` is no schedule.
run_plan decode(std::string_view text);

} // namespace troupe::detail
