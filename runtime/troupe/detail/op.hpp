#pragma once

#include <troupe/detail/frame.hpp>
#include <troupe/detail/job.hpp>
#include <troupe/detail/wait_search.hpp>

#include <string>

namespace troupe::detail {

// One pending await. It lives in the frame of the waiter, and the answer is the
// op itself, pushed into the waiter's mailbox: awaiting allocates nothing.
//
// Exactly one answer: `start` either finishes at once (and returns false) or
// hands the op to an owner (a future, the timers, a socket, a coordinator), who
// answers it exactly once. The task goes on only after that answer, so no frame
// dies with an op of it in somebody's list.
class op : public letter {
public:
  op() noexcept : letter(letter_kind::answer) {}

  // An op may be moved until it is awaited.
  op(op&&) noexcept : op() {}

  op& operator=(op&&) = delete;

  // Hands the op to its owner; false if it was answered on the spot.
  virtual bool start() = 0;

  // Asks the owner to answer with "cancelled". False if the answer is already
  // on its way; then nothing changes.
  virtual bool request_cancel(const std::string& message) = 0;

  // The task was cancelled after the answer had come: what was granted goes
  // back to the owner.
  virtual void give_back() {}

  // The task is dropped: leaves the owner without an answer.
  virtual void withdraw() noexcept = 0;

  // Leaves the owner without an answer, and without an effect on what was
  // waited for. False if the answer is on its way. Of ops that may stand in a
  // select.
  virtual bool retract() noexcept {
    return false;
  }

  // A select: the answer to one of its ops has come. True if the select is
  // answered by that.
  virtual bool arm_came(op&) {
    return true;
  }

  // The answer has had an effect that cannot be undone: a cancellation that
  // comes after it is thrown at the next await.
  virtual bool is_final() const noexcept {
    return false;
  }

  // What the op waits for, for the text of a task.
  virtual std::string describe() const = 0;

  // The task without which the wait cannot end, if there is one.
  virtual const task_base* blocked_by() const noexcept {
    return nullptr;
  }

  // As above, or the one that will most likely end it, though others could.
  virtual const task_base* waits_behind() const noexcept {
    return blocked_by();
  }

  // Whether the wait may end, if only those go on of whom `search` says so.
  virtual bool may_end(wait_search& search) const;

  // -- awaiting ---------------------------------------------------------------

  bool suspend(frame_base& frame);

  // -- answering: called by the owner, on any thread --------------------------

  void answer();

  void answer_cancelled() {
    cancelled_ = true;
    answer();
  }

  // -- one of several ---------------------------------------------------------

  // The op is one of several of a select. Its answer is told to that.
  bool is_arm() const noexcept {
    return kind == letter_kind::arm;
  }

protected:
  ~op() = default;

  friend class task_base;

  static void make_arm(op& x, frame_base& frame) noexcept {
    x.kind = letter_kind::arm;
    x.sent = false;
    x.task_ = frame.task_;
  }

  // Throws if the wait ended by a cancellation.
  void check_cancelled() const {
    if (cancelled_)
      throw_cancelled();
  }

  [[noreturn]] void throw_cancelled() const;

  bool cancelled_ = false; // beside the letter's kind: no word of its own
  task_base* task_ = nullptr;
};

// Suspends for one turn of the loop.
class yield_op : public op {
public:
  bool ready(frame_base&) const noexcept {
    return false;
  }

  void resume() const {
    check_cancelled();
  }

  bool start() override;
  bool request_cancel(const std::string& message) override;
  std::string describe() const override;

  void withdraw() noexcept override {}
};

} // namespace troupe::detail
