#pragma once

#include <troupe/caf.hpp>

#include "actors/coordinator.hpp"

#include <caf/behavior.hpp>
#include <caf/local_actor.hpp>

#include <map>

namespace troupe::detail {

// A coordinator as actors of CAF see it. It is made when somebody asks for it,
// and lives as long as handles of it, or as an actor waits or holds something;
// the coordinator lives at least as long.
//
// Each request is a task of the loop that does what it asks for and sends the
// answer. It begins at once, so what one actor asks for comes in its order. An
// actor that waits or holds something is watched: if it ends, its places in the
// lines are withdrawn, and what it holds is given back.
class coordinator_actor final : public caf::local_actor {
public:
  using behavior_type = caf::behavior;
  using signatures = caf::none_t;

  coordinator_actor(caf::actor_config& config, loop_core& home,
                    std::unique_ptr<door> entrance);
  ~coordinator_actor() override;

  static caf::actor of(coordinator& core, std::unique_ptr<door> entrance);

  loop_core& home() const noexcept {
    return home_;
  }

  // -- caf::local_actor -------------------------------------------------------

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override;
  using caf::local_actor::enqueue;
  void launch(caf::execution_unit*, bool lazy, bool hide) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* unit) override;
  const char* name() const override;

private:
  class delivery;
  class request;

  // An actor that waits, or holds something.
  struct client {
    holdings_ptr held = std::make_shared<holdings>();
    std::map<std::uint64_t, any_task> requests;
  };

  static caf::strong_actor_ptr known_actor(const coordinator& core) noexcept;

  void deliver_all();
  void receive(caf::mailbox_element& what);
  void serve(caf::mailbox_element& what);
  void refuse(caf::mailbox_element& what, caf::sec why);
  void forget(const caf::actor_addr& whom) noexcept;
  void ended(const caf::actor_addr& whom, std::uint64_t number) noexcept;

  loop_core& home_;
  const std::unique_ptr<door> door_;
  spinlock busy_;
  std::vector<caf::mailbox_element_ptr> inbox_;
  bool delivering_ = false;
  std::map<caf::actor_addr, client> clients_;
  std::uint64_t last_number_ = 0;
  caf::strong_actor_ptr myself_; // while there are clients
};

} // namespace troupe::detail
