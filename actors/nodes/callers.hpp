#pragma once

#include <caf/actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <functional>
#include <mutex>
#include <set>
#include <utility>

namespace troupe::detail {

// The actors that connect, one for each attempt: an attempt blocks the actor
// that makes it, and one of CAF's remembers those that came to nothing.
class callers {
public:
  explicit callers(std::function<caf::actor()> make) : make_(std::move(make)) {}

  // None after `end_all()`.
  caf::actor begin() {
    std::lock_guard lock{mutex_};
    if (!make_)
      return nullptr;
    return *all_.insert(make_()).first;
  }

  // Its attempt has ended.
  void end(const caf::actor& caller) {
    {
      std::lock_guard lock{mutex_};
      if (all_.erase(caller) == 0)
        return;
    }
    stop(caller);
  }

  // Those that are still about to end.
  std::set<caf::actor> end_all() {
    std::set<caf::actor> last;
    {
      std::lock_guard lock{mutex_};
      make_ = nullptr;
      last.swap(all_);
    }
    for (const caf::actor& caller : last)
      stop(caller);
    return last;
  }

private:
  static void stop(const caf::actor& caller) {
    caf::anon_send_exit(caller, caf::exit_reason::kill);
  }

  std::mutex mutex_;
  std::function<caf::actor()> make_;
  std::set<caf::actor> all_;
};

} // namespace troupe::detail
