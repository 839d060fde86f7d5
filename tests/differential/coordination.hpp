#pragma once

#include "differential/program.hpp"

// What the programs of locks, events and queues share.

namespace differential {

// Awaits all; prints how each ended if `told`.
inline troupe::coro<void> await_all(std::vector<troupe::task<>>& tasks,
                                    bool told = false) {
  for (auto& each : tasks) {
    try {
      co_await each;
      if (told)
        print("done");
    } catch (const troupe::cancelled_error&) {
      print("cancelled");
    }
  }
}

inline troupe::coro<void> turns(int count) {
  for (int i = 0; i < count; ++i)
    co_await troupe::sleep(std::chrono::seconds{0});
}

class numbers {
public:
  explicit numbers(int seed) : seed_(seed) {}

  int operator()(int limit) {
    seed_ = (seed_ * 1'103'515'245 + 12'345) % 2'147'483'648;
    return static_cast<int>(seed_ / 65'536 % limit);
  }

private:
  long long seed_;
};

} // namespace differential
