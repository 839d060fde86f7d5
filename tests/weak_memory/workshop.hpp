#pragma once

// The scheduler's parts on the checker's atomics, and what stands for the
// system around them.

#include "runtime/crew.hpp"
#include "weak_memory/atomics.hpp"

#include <cstdint>
#include <mutex>

namespace weak {

struct job {
  plain<job*> next_job = nullptr;
  plain<int> content = 0;
};

using spinlock = troupe::detail::basic_spinlock<atomics>;
using ready_queue = troupe::detail::basic_ready_queue<job, atomics>;
using injection_queue = troupe::detail::basic_injection_queue<job, atomics>;
using doorbell = troupe::detail::basic_doorbell<atomics>;
using parking = troupe::detail::basic_parking<atomics>;

constexpr std::int64_t never = std::int64_t{1} << 62;

// What Asio is to us: a wait that others can end, for events or a deadline.
// Time passes until a deadline when nobody has anything to do before it; once
// it may pass sooner.
class reactor {
public:
  void interrupt() {
    std::lock_guard lock{mutex_};
    interrupted_ = true;
  }

  void happen() {
    std::lock_guard lock{mutex_};
    ++events_;
  }

  void wait(std::int64_t deadline) {
    auto woken = [this] {
      return interrupted_ || events_ > 0;
    };
    if (deadline == never)
      wait_until(woken);
    else if (!may_hurry_ || explorer::here->choose(2) == 0)
      wait_long(woken);
    else
      may_hurry_ = false;
    std::lock_guard lock{mutex_};
    if (!woken())
      now_ = deadline;
    interrupted_ = false;
  }

  int take_events() {
    std::lock_guard lock{mutex_};
    return std::exchange(events_, 0);
  }

  std::int64_t now() {
    std::lock_guard lock{mutex_};
    return now_;
  }

private:
  mutex mutex_;
  bool interrupted_ = false;
  int events_ = 0;
  std::int64_t now_ = 0;
  bool may_hurry_ = true;
};

} // namespace weak
