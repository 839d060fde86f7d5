#pragma once

#include <troupe/detail/context_ref.hpp>
#include <troupe/detail/frame.hpp>
#include <troupe/detail/future_core.hpp>
#include <troupe/detail/job.hpp>
#include <troupe/detail/mailbox.hpp>
#include <troupe/detail/op.hpp>

namespace troupe::detail {

// How a task is made.
struct task_plan {
  std::string name;
  ref<context_state> context; // shared with the task, if given
  serial_queue* group = nullptr;
  int eager = -1; // -1: as the loop's setting says
};

// The runtime's half of a task: it resumes a stack of coroutine frames, waits
// for one op at a time, and is cancelled by the rule of exactly one answer.
// The actor's half (ids, links, monitors, messages) is in actors/.
class task_base : public job, public future_core {
public:
  task_base(loop_core& home, result_base& result, frame_base& root, site made,
            const task_plan& plan);

  // -- running: the scheduler calls -------------------------------------------

  void run() final;
  job_label label() const noexcept final;

  // Puts a new task into the ready queue, or runs it at once if it is eager.
  void launch(bool eager);

  // -- messages ---------------------------------------------------------------

  // Puts `item` into the mailbox and wakes the task if it sleeps. False if the
  // task has ended; then `item` is still the caller's.
  bool deliver(letter& item);

  bool cancel(const std::string& message) override;

  // As `cancel`, for a request that was counted before. `scope` is whoever may
  // take it back.
  bool cancel_counted(const std::string& message, const void* scope = nullptr);

  // As `cancel`, by a scope (a timeout, a task group) that takes it back when
  // it is left.
  void interrupt(const void* scope) {
    cancelling_.fetch_add(1, std::memory_order_relaxed);
    cancel_counted({}, scope);
  }

  // Called by the task itself when the scope is left: as `uncancel`, and a
  // request of the scope that is still on its way is dropped.
  int take_back(const void* scope) noexcept;

  // The loop is closed: the frames are destroyed where they stand.
  void abandon() noexcept;

  // -- looking ----------------------------------------------------------------

  std::string describe() const override;
  std::string name() const;
  void rename(std::string name);

  int cancelling() const noexcept {
    return cancelling_.load(std::memory_order_relaxed);
  }

  int uncancel() noexcept;

  // Empty while another worker runs the task or is about to.
  std::vector<site> stack() const;

  context_ref& context() noexcept {
    return context_;
  }

  bool started() const noexcept {
    return started_;
  }

  // Unlike its address, never that of another task of the loop.
  std::uint64_t number() const noexcept {
    return number_;
  }

  // -- for ops and frames -----------------------------------------------------

  bool exclusive() const noexcept {
    return exclusive_;
  }

  bool wait_for(op& pending) {
    answered_ = false;
    if (!pending.start()) // may throw: then nothing is pending
      return false;
    op_ = &pending;
    return true;
  }

  // Makes `frame` the one to go on with.
  void enter(frame_base* frame) noexcept {
    top_ = frame;
  }

  // Runs `child` on top of `caller`, which awaits it. True if it has ended:
  // then the caller simply goes on. What waits, and what is too deep for the
  // native stack, is left to the task's steps.
  bool run_on_top(frame_base& child, frame_base& caller) {
    top_ = &child;
    if (depth_ == max_depth)
      return false;
    ++depth_;
    child.resume();
    --depth_;
    return top_ == &caller;
  }

  frame_base* top() const noexcept {
    return top_;
  }

  [[noreturn]] void throw_cancelled() const;

  // Puts the task behind all that is ready, once its step has ended.
  void yield() noexcept {
    yields_ = true;
    answered_ = true;
  }

  // Called by the task itself: looks at what came during this step.
  void look_at_letters() {
    if (box_.has_letters())
      handle_mailbox();
  }

  op* waits_for() const noexcept {
    return op_;
  }

  bool asleep() const noexcept {
    return box_.asleep();
  }

protected:
  ~task_base() override;

  // Keeps the name and the group. Called once, in the constructor of the whole
  // task: only there the notes are made as the task wants them.
  void note(task_plan&& plan);

  // Of a task that is not done: it never will be.
  bool dropped() const noexcept {
    return box_.closed();
  }

  // The task is done; `end` is its state. Called once, on its loop.
  virtual void on_end(future_state end) noexcept = 0;

  // A message of the actor's own arrived. True if it ends the present await.
  virtual bool on_message(letter& item) = 0;

  // A message came after the end (`late`), or the end came before it was read.
  virtual void on_dead_letter(letter& item, bool late) noexcept = 0;

private:
  static constexpr unsigned char max_depth = 15;

  friend class task_list;
  struct cancel_letter;
  class look;

  bool deliver_from_afar(letter& item);
  void answered_twice(const letter& item) noexcept;
  void handle_mailbox();
  void handle_letter(letter& item);
  void handle_cancel(const std::string& message);
  bool send_cancel(const std::string& message, const void* scope);
  void settle();
  frame_base* step();
  void finish(frame_base& root);
  void make_ready();

  serial_queue* group() const noexcept {
    const future_notes* mine = known_notes();
    return mine ? mine->group : nullptr;
  }

  frame_base* root() const noexcept;
  void drop_letters(letter* left) noexcept;
  letter* without_answers(letter* all) noexcept;

  // These fill the last word of future_core. The bits belong to whoever runs
  // the task; other workers read the first two, which therefore have a byte of
  // their own.
  const bool exclusive_ : 1;
  const bool simulated_ : 1;
  bool : 0;
  bool must_cancel_ : 1; // the next await throws
  bool answered_ : 1;    // the present op was answered
  bool yields_ : 1;      // ready again after this step
  bool started_ : 1;
  unsigned char depth_ : 4; // of frames that run on top of each other
  std::atomic<int> cancelling_{0};
  const std::uint64_t number_ : 44;
  const std::uint64_t made_line_ : 20;
  mailbox box_;
  frame_base* top_; // to go on with; null once the root has ended
  op* op_ = nullptr;
  context_ref context_;
  const char* function_;
  const char* made_file_;
  task_base* prev_task = nullptr; // the list of all tasks of the loop
  task_base* next_task = nullptr;
};

inline bool op::suspend(frame_base& frame) {
  task_ = frame.task_;
  sent = false;
  return task_->wait_for(*this);
}

inline void op::answer() {
  task_->deliver(*this);
}

// A frame less to unwind, which is a tenth of what a cancellation costs.
[[gnu::always_inline]] inline void op::throw_cancelled() const {
  task_->throw_cancelled();
}

} // namespace troupe::detail
