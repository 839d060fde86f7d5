#include <troupe/detail/watch.hpp>

#include "runtime/loop_core.hpp"

namespace troupe::detail {

observer::observer(loop_core& home) noexcept : exclusive_(home.exclusive()) {}

bool observer::watch(watcher& which) noexcept {
  which.owner = this;
  add(owed_, std::ptrdiff_t{1});
  if (which.target->join(which))
    return true;
  add(owed_, std::ptrdiff_t{-1});
  return false;
}

void observer::unwatch(watcher& which) noexcept {
  if (which.target && which.target->leave(which))
    owe_less();
}

watch_line::watch_line(std::size_t capacity)
  : first_(static_cast<watcher*>(pool_allocate(capacity * sizeof(watcher)))),
    capacity_(capacity) {}

watch_line::~watch_line() {
  for (watcher& each : *this)
    each.~watcher();
  pool_free(first_, capacity_ * sizeof(watcher));
}

} // namespace troupe::detail
