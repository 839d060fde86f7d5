#include <troupe/detail/watch.hpp>

#include "runtime/loop_core.hpp"

#include <limits>
#include <stdexcept>

namespace troupe::detail {

observer::observer(loop_core& home) noexcept : exclusive_(home.exclusive()) {}

bool observer::watch(watcher& which) noexcept {
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

// A million of them fill no cache: see docs/design.md, "Memory".
static_assert(sizeof(watcher) <= 32);

watch_line::watch_line(observer& owner, std::size_t capacity)
  : capacity_(capacity) {
  if (capacity > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("more than 4,294,967,295 futures at once");
  auto* made = ::new (pool_allocate(bytes())) head{&owner};
  first_ = reinterpret_cast<watcher*>(made + 1);
}

watch_line::~watch_line() {
  for (watcher& each : *this)
    each.~watcher();
  pool_free(reinterpret_cast<head*>(first_) - 1, bytes());
}

} // namespace troupe::detail
