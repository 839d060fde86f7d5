#pragma once

#include "runtime/loop_core.hpp"

#include <troupe/task.hpp>

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/local_actor.hpp>

namespace troupe::detail {

// A message of CAF in one of our mailboxes.
struct caf_message final : letter {
  explicit caf_message(caf::mailbox_element_ptr x)
    : letter(letter_kind::message), element(std::move(x)) {
  }

  caf::mailbox_element_ptr element;
};

// A task as an actor of CAF: ids, handles, links, monitors, exit messages.
//
// One block of memory holds CAF's control block, the actor and its result. The
// handles of troupe share one strong count of CAF.
class task_actor final : public caf::local_actor, public task_base {
public:
  using behavior_type = caf::behavior;
  using signatures = caf::none_t;

  task_actor(caf::actor_config& config, loop_core& home, result_base& result,
             frame_base& root, site made, task_plan&& plan);

  // -- caf::local_actor -------------------------------------------------------

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override;
  using caf::local_actor::enqueue;
  void launch(caf::execution_unit*, bool lazy, bool hide) override;
  const char* name() const override;

  // -- task_base --------------------------------------------------------------

  void on_end(future_state end) noexcept override;
  void on_message(letter& item) override;
  void on_dead_letter(letter& item) noexcept override;
  void dispose() noexcept override;
  std::string value_text() const override;

  // Somebody gets a handle of CAF: from now on the end must be told.
  void expose() noexcept {
    exposed_.exchange(true, std::memory_order_acq_rel);
  }
};

} // namespace troupe::detail
