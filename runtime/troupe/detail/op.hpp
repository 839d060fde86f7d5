#pragma once

#include <troupe/detail/frame.hpp>
#include <troupe/detail/job.hpp>

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
  op() noexcept : letter(letter_kind::answer) {
  }

  // An op may be moved until it is awaited.
  op(op&&) noexcept : op() {
  }

  op& operator=(op&&) = delete;

  // Hands the op to its owner; false if it was answered on the spot.
  virtual bool start() = 0;

  // Asks the owner to answer with "cancelled". False if the answer is already
  // on its way; then nothing changes.
  virtual bool request_cancel(const std::string& message) = 0;

  // The task was cancelled after the answer had come: what was granted goes
  // back to the owner.
  virtual void give_back() {
  }

  // The task is dropped: leaves the owner without an answer.
  virtual void withdraw() noexcept = 0;

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

  // -- awaiting -----------------------------------------------------------

  bool suspend(frame_base& frame);

  // -- answering: called by the owner, on any thread ------------------------

  void answer();

  void answer_cancelled() {
    cancelled_ = true;
    answer();
  }

protected:
  ~op() = default;

  friend class task_base;

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

  void withdraw() noexcept override {
  }
};

} // namespace troupe::detail
