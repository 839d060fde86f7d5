// The second table of each program: locks, events, queues and gather.

#pragma once

#include "measure.hpp"

namespace bench {

/// How many wait for one event.
inline constexpr std::uint64_t waiters = 10'000;

extern const std::span<const workload> coordination;

} // namespace bench
