#pragma once

#include <troupe/link.hpp>

#include "runtime/loop_core.hpp"

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/local_actor.hpp>

namespace troupe::detail {

class caf_message;
class inbox;
class task_cell;

// A task as CAF sees it: id, handles, links, monitors, exit messages. It is
// made when somebody asks for it; most tasks of a program never meet CAF.
//
// Its mailbox is the task's. It keeps the task until the task ends, and the
// task keeps it until the task's memory goes, so that a task has one handle.
class task_actor final : public caf::local_actor {
public:
  using behavior_type = caf::behavior;
  using signatures = caf::none_t;

  task_actor(caf::actor_config& config, loop_core& home, task_cell& task);
  ~task_actor() override;

  loop_core& home() const noexcept {
    return home_;
  }

  // On the task's loop: a message out of the mailbox. True if it ends the
  // task's present await.
  bool receive(caf_message& message, task_cell& task);

  // The task; null if it has ended.
  ref<future_core> task() {
    lock_.lock();
    ref<future_core> mine = task_;
    lock_.unlock();
    return mine;
  }

  // The task has ended, and `reason` is why. A reason that an exit message gave
  // stays if the task was cancelled.
  void end(future_state how, caf::error reason) noexcept;

  // A message for a task that has ended.
  void refuse(caf::mailbox_element_ptr& element);

  // -- caf::local_actor -------------------------------------------------------

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override;
  using caf::local_actor::enqueue;
  void launch(caf::execution_unit*, bool lazy, bool hide) override;
  const char* name() const override;

private:
  loop_core& home_;
  spinlock lock_;
  ref<future_core> task_; // empty when the task has ended
};

// What a task has once it is met as an actor. Most never are.
struct task_notes final : future_notes {
  std::atomic<task_actor*> actor{nullptr};
  std::atomic<inbox*> box{nullptr};
};

// One block of memory: the task, then its result.
class task_cell final : public task_base {
public:
  task_cell(loop_core& home, result_base& result, frame_base& root, site made,
            task_plan&& plan, const result_layout& layout) noexcept;

  // The task as an actor; made on the first call, on any thread.
  // @throws error  if the loop is closed and there is none yet.
  task_actor& actor();

  // What it has as an actor; made on the first call, by whoever runs the task.
  inbox& box() {
    inbox* mine = known_box();
    return mine ? *mine : make_box();
  }

  // Null if it has none yet.
  inbox* known_box() const noexcept {
    const task_notes* mine = known_notes();
    return mine ? mine->box.load(std::memory_order_acquire) : nullptr;
  }

  // Why it has ended, for those who watch it.
  exit_reason reason() const;

  // What is said to those who ask it after its end.
  actor_ended_error ended_error() const;

private:
  ~task_cell() override;

  task_notes* known_notes() const noexcept {
    return static_cast<task_notes*>(future_core::known_notes());
  }

  future_notes* make_notes() const override;
  void on_end(future_state end) noexcept override;
  bool on_message(letter& item) override;
  void on_dead_letter(letter& item, bool late) noexcept override;
  void dispose() noexcept override;
  std::string value_text() const override;

  class second_look;

  inbox& make_box();
  task_actor* actor_at_end() noexcept;
  void look_at_end(task_actor& mine);
  void refuse(class signal& what) noexcept;
  caf::error reason_of(future_state end) const;

  const result_layout& layout_;
};

} // namespace troupe::detail
