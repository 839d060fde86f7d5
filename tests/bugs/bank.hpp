#pragma once

// Seeded bugs: small wrong variants of what coordinates tasks, each beside a
// right one. They show what the explorer finds, and how fast.

#include <troupe/simulation.hpp>
#include <troupe/troupe.hpp>

#include <vector>

namespace bugs {

struct seeded_bug {
  const char* name;
  const char* model; // a bug of a peer that it is like
  const char* kind;  // of the failure
  troupe::coro<void> (*wrong)();
  troupe::coro<void> (*right)();
};

std::vector<seeded_bug> lock_bugs();
std::vector<seeded_bug> signal_bugs();
std::vector<seeded_bug> work_bugs();
std::vector<seeded_bug> group_bugs();
std::vector<seeded_bug> wire_bugs();

std::vector<seeded_bug> all_bugs();

// -- what the programs share --------------------------------------------------

inline troupe::coro<void> spin(int turns) {
  for (int i = 0; i < turns; ++i)
    co_await troupe::sleep(std::chrono::seconds{0});
}

// Waits for the end of a task, cancelled or not.
inline troupe::coro<void> ended(troupe::task<void> x) {
  try {
    co_await x;
  } catch (const troupe::cancelled_error&) {
  }
}

inline troupe::coro<void> cancel_after(troupe::task<void> x, int turns) {
  co_await spin(turns);
  x.cancel();
}

// Runs a program beside tasks that have nothing to do with it, as real ones
// do.
template <troupe::coro<void> (*Program)()>
troupe::coro<void> among_others() {
  std::vector<troupe::task<void>> others;
  for (int i = 0; i < 3; ++i)
    others.push_back(troupe::create_task(spin(6)));
  co_await Program();
  for (const auto& each : others)
    co_await each;
}

} // namespace bugs
