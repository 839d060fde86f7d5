#pragma once

#include "runtime/loop_core.hpp"

#include <caf/actor_config.hpp>
#include <caf/behavior.hpp>
#include <caf/local_actor.hpp>

#include <type_traits>

namespace troupe::detail {

// An actor of ours that is no task: a socket, a server. It is an actor of CAF
// (ids, handles, links, monitors); an exit message ends it. What it does for
// the tasks of its loop are plain calls that take turns, so that its state
// changes in one place at a time: on a loop with one worker that is so by
// itself, with several a call waits for the one before.
class native_actor : public caf::local_actor {
public:
  using behavior_type = caf::behavior;
  using signatures = caf::none_t;

  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      dispose();
  }

  loop_core& home() const noexcept {
    return home_;
  }

  // -- caf::local_actor -------------------------------------------------------

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override;
  using caf::local_actor::enqueue;
  void launch(caf::execution_unit*, bool lazy, bool hide) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* unit) override;

  // An exit message with a reason came.
  virtual void on_exit_message() = 0;

protected:
  native_actor(caf::actor_config& config, loop_core& home)
    : local_actor(config), home_(home) {}

  // The actor has ended for CAF: links and monitors are told.
  void end(caf::error reason);

  // One call at a time.
  class turn {
  public:
    explicit turn(const native_actor& actor) noexcept
      : actor_(actor), needed_(!actor.home_.exclusive()) {
      if (needed_)
        actor_.busy_.lock();
    }

    ~turn() {
      if (needed_)
        actor_.busy_.unlock();
    }

    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

  private:
    const native_actor& actor_;
    bool needed_;
  };

private:
  void dispose() noexcept;
  void receive(caf::mailbox_element_ptr what);

  loop_core& home_;
  std::atomic<std::uint32_t> refs_{1};
  mutable spinlock busy_;
};

// Puts an actor into a block of the pool, as CAF lays it out: the control block
// in the first cache line, the actor behind it.
template <class Actor, class... Args>
Actor& place_actor(loop_core& home, Args&&... args) {
  constexpr std::size_t offset = CAF_CACHE_LINE_SIZE;
  auto& system = home.system();
  auto* memory = static_cast<char*>(pool_allocate(offset + sizeof(Actor)));
  caf::node_id node = system.node();
  ::new (memory) caf::actor_control_block(
    system.next_actor_id(), node, &system,
    [](caf::abstract_actor* base) {
      auto* self = static_cast<Actor*>(base);
      loop_core& loop = self->home();
      self->on_destroy();
      self->~Actor();
      loop.release_for_task();
    },
    [](caf::actor_control_block* control) {
      control->~actor_control_block();
      pool_free(control, offset + sizeof(Actor));
    });
  home.retain_for_task();
  caf::actor_config config;
  return *::new (memory + offset)
    Actor(config, home, std::forward<Args>(args)...);
}

// Makes an actor of ours that is no task.
template <class Actor, class... Args>
Actor& make_native(loop_core& home, Args&&... args) {
  static_assert(std::is_base_of_v<native_actor, Actor>);
  Actor& actor = place_actor<Actor>(home, std::forward<Args>(args)...);
  actor.register_at_system();
  return actor;
}

} // namespace troupe::detail
