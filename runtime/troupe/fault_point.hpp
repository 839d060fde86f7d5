#pragma once

#include <atomic>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

/// @file
/// Places where a simulation may let something fail.

namespace troupe {

/// What a fault point throws that was not told otherwise.
class injected_fault : public std::runtime_error {
public:
  /// @param name  of the fault point.
  explicit injected_fault(const std::string& name)
    : std::runtime_error("injected fault '" + name + "'") {}
};

/// @cond PRIVATE
namespace detail {

// How many simulations let something fail.
extern constinit std::atomic<unsigned> fault_watchers;

bool reach_fault_point(const char* name);

} // namespace detail
/// @endcond

/// Returns true if what comes next is to fail, for code that tells its errors
/// without exceptions.
///
/// That is decided by the simulation that runs on this thread, if its `faults`
/// name the point: from the seed, and so that a failing run is replayed and
/// made simpler with its faults. Outside simulations it is never true, and
/// costs a load and a branch that is always predicted.
/// @param name  letters, digits, '-' and '_'; several points may share one.
inline bool fault_at(const char* name) {
  return detail::fault_watchers.load(std::memory_order_relaxed) != 0
      && detail::reach_fault_point(name);
}

/// Marks a place where something may fail: a simulation whose `faults` name it
/// may let it throw. See `fault_at`.
///
///     fault_point("store-commit");
/// @throws injected_fault
inline void fault_point(const char* name) {
  if (fault_at(name)) [[unlikely]]
    throw injected_fault(name);
}

/// As above, but throws what `make()` returns.
///
///     fault_point("store-commit", [] { return disk_full(); });
template <class F>
  requires std::is_invocable_v<F>
void fault_point(const char* name, F&& make) {
  if (fault_at(name)) [[unlikely]]
    throw std::forward<F>(make)();
}

} // namespace troupe
