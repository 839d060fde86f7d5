#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace troupe::detail {

// A thread that runs a loop keeps the memory that a burst has left in the pool,
// and looks after it: what nobody has used for a second goes back to the
// system, a little at each look at the sockets. So a burst that comes again
// soon finds its memory. Other threads give back at once.
class pool_care {
public:
  static constexpr std::chrono::seconds window{1};
  static constexpr std::size_t batch = 2; // regions of 2 MiB
  static constexpr std::int64_t never
    = std::numeric_limits<std::int64_t>::max();

  pool_care() noexcept;
  ~pool_care(); // of the last one: all goes back
  pool_care(const pool_care&) = delete;
  pool_care& operator=(const pool_care&) = delete;
};

// Gives back what is due. Returns after how many nanoseconds there may be more;
// `pool_care::never` if there is no spare memory.
std::int64_t pool_tend() noexcept;

} // namespace troupe::detail
