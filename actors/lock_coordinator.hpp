#pragma once

#include <troupe/lock.hpp>

#include "actors/coordinator.hpp"

namespace troupe::detail {

/// Who holds a lock, and who is next.
///
///            acquire                release, somebody waits
///     free ----------> held <------------------------+
///      ^                |  \                         |
///      +----------------+   +--------> handed -------+
///           release                       the next in line goes on
///
/// `handed` is known with one worker only: there a released lock is not locked
/// until the next one goes on, as in asyncio. With several workers it is held
/// by the next one at once.
class lock_core final : public coordinator {
public:
  using coordinator::coordinator;

  bool try_acquire(task_base* task, bool guarded, bool shared) {
    turn mine{*this, shared};
    if (state_ != state::free)
      return false;
    state_ = state::held;
    hold_by(task ? task->number() : 0, guarded);
    return true;
  }

  bool request(lock_op_base& waiter);

  // Throws if nobody holds it.
  void release();

  // Whether a guard holds it.
  bool guarded() const {
    turn mine{*this, enter()};
    return guarded_;
  }

  // The task that was handed the lock goes on.
  void taken_up(wait_op&, bool shared) noexcept {
    turn mine{*this, shared};
    if (state_ == state::handed)
      state_ = state::held;
  }

  // The number of the present grant; 0: there was none.
  std::uint64_t token() const {
    turn mine{*this, enter()};
    return token_;
  }

  // Tokens go on above what a former life of this lock can have given.
  void start_tokens();

  bool locked() const;
  lock_statistics statistics() const;
  std::string holder_name() const;

  bool enter_here() const {
    return enter();
  }

  bool enter_from(loop_core& loop) const {
    return enter(loop);
  }

  const task_base* blocker(const wait_op& waiter,
                           bool likely) const noexcept override;

private:
  enum class state : std::uint8_t { free, held, handed };

  std::string text() const override;

  wait_line& line_of(wait_op&) noexcept override {
    return line_;
  }

  void on_return(wait_op&, turn& mine) noexcept override {
    pass_on(mine);
  }

  void hold_by(std::uint64_t task, bool guarded) noexcept {
    holder_ = task;
    guarded_ = guarded;
    ++token_;
  }

  void pass_on(turn& mine) noexcept;

  wait_line line_;
  state state_ = state::free;
  bool guarded_ = false;
  std::uint64_t token_ = 0;
  std::uint64_t holder_ = 0; // the number of a task, for people; 0: unknown
};

inline lock_core& core_of(const lock& x) noexcept {
  return static_cast<lock_core&>(x.core());
}

} // namespace troupe::detail
