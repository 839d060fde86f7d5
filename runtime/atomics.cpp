#include <troupe/detail/atomics.hpp>

#include <sys/select.h>

namespace troupe::detail {

// Not by `nanosleep`, which a simulation takes for a mistake of the program's.
void std_atomics::nap() noexcept {
  timeval time{.tv_sec = 0, .tv_usec = 50};
  ::select(0, nullptr, nullptr, nullptr, &time);
}

} // namespace troupe::detail
