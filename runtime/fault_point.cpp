#include <troupe/fault_point.hpp>

#include "runtime/simulator.hpp"

#include <algorithm>

namespace troupe::detail {

constinit std::atomic<unsigned> fault_watchers{0};

bool reach_fault_point(const char* name) {
  return this_step && this_step->fault(name);
}

void check_fault_name(std::string_view name) {
  bool plain = !name.empty()
            && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
                 == std::string_view::npos;
  if (!plain && name != "*")
    throw std::invalid_argument(
      "fault point '" + std::string{name}
      + "': a name has letters, digits, '-' and '_'; \"*\" means all");
}

// The same choice in each run of a schedule: only points that are named.
bool simulator::fault(const char* name) {
  bool named = std::any_of(
    plan_.faults.begin(), plan_.faults.end(),
    [name](const std::string& each) { return each == "*" || each == name; });
  if (!named || choose(2, plan_.odds) == 0)
    return false;
  remark((std::string{"fault point '"} + name + '\'').c_str());
  return true;
}

void simulator::watch_faults(bool some) noexcept {
  if (std::exchange(watches_faults_, some) != some)
    fault_watchers.fetch_add(some ? 1u : ~0u, std::memory_order_relaxed);
}

} // namespace troupe::detail
