#pragma once

#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/local_actor.hpp>
#include <caf/make_actor.hpp>
#include <caf/sec.hpp>

#include <mutex>
#include <utility>

namespace troupe::detail {

// An actor without a mailbox: what comes is dealt with on the thread that
// brings it. An exit message does not end it.
class plain_actor : public caf::local_actor {
public:
  using behavior_type = caf::behavior;
  using signatures = caf::none_t;

  using caf::local_actor::enqueue;
  using caf::local_actor::local_actor;

  void launch(caf::execution_unit*, bool, bool) override {}

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    std::lock_guard one_at_a_time{mutex_};
    if (ended_ || receive(*what) || !what->mid.is_request())
      return;
    caf::error reason = caf::sec::unexpected_message;
    bounce(what, reason);
  }

  void end() {
    {
      std::lock_guard lock{mutex_};
      if (std::exchange(ended_, true))
        return;
      on_end();
    }
    monitorable_actor::cleanup(caf::exit_reason::user_shutdown, nullptr);
  }

  // As local_actor's, without the call to the clock: there are no timers.
  bool cleanup(caf::error&& reason, caf::execution_unit* unit) override {
    return monitorable_actor::cleanup(std::move(reason), unit);
  }

protected:
  // False if it does not know the message.
  virtual bool receive(caf::mailbox_element& what) = 0;
  virtual void on_end() {}

  // Recursive: monitoring somebody who is dead answers inside the call.
  std::recursive_mutex mutex_;
  bool ended_ = false;
};

inline void intrusive_ptr_add_ref(plain_actor* x) noexcept {
  caf::intrusive_ptr_add_ref(x->ctrl());
}

inline void intrusive_ptr_release(plain_actor* x) noexcept {
  caf::intrusive_ptr_release(x->ctrl());
}

template <class Actor, class... Args>
caf::intrusive_ptr<Actor> make(caf::actor_system& system, Args... args) {
  caf::actor_config config;
  auto pointer = caf::make_actor<Actor, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config, std::move(args)...);
  return static_cast<Actor*>(pointer->get());
}

} // namespace troupe::detail
