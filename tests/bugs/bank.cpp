#include "bugs/bank.hpp"

namespace bugs {

std::vector<seeded_bug> all_bugs() {
  std::vector<seeded_bug> all;
  for (auto part : {lock_bugs, signal_bugs, work_bugs, group_bugs, wire_bugs})
    for (const seeded_bug& each : part())
      all.push_back(each);
  return all;
}

} // namespace bugs
