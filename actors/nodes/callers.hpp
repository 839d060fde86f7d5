#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <mutex>
#include <set>

namespace troupe::detail {

// The actors that connect, one for each attempt: an attempt blocks the actor
// that makes it, and one of CAF's remembers those that came to nothing.
class callers {
public:
  void add(caf::actor caller) {
    std::lock_guard lock{mutex_};
    all_.insert(std::move(caller));
  }

  // Its attempt has ended, or is given up.
  void end(const caf::actor& caller) {
    {
      std::lock_guard lock{mutex_};
      if (all_.erase(caller) == 0)
        return;
    }
    stop(caller);
  }

  void end_all() {
    std::set<caf::actor> last;
    {
      std::lock_guard lock{mutex_};
      last.swap(all_);
    }
    for (const caf::actor& caller : last)
      stop(caller);
  }

private:
  static void stop(const caf::actor& caller) {
    caf::anon_send_exit(caller, caf::exit_reason::kill);
  }

  std::mutex mutex_;
  std::set<caf::actor> all_;
};

} // namespace troupe::detail
