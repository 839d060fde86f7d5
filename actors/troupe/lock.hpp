#pragma once

#include <troupe/detail/coordinator.hpp>

#include <utility>

namespace troupe {

class lock;
class condition;
class lock_guard;

namespace detail {

class lock_core;

class lock_op_base : public wait_op {
public:
  // `guarded`: it is released by a guard, not by just anybody.
  lock_op_base(coordinator& core, bool guarded) noexcept : wait_op(core) {
    mark_ = guarded;
  }

  lock_op_base(lock_op_base&&) noexcept = default;

  bool ready(frame_base& frame);
  bool start() override;

protected:
  ~lock_op_base() = default;

  void finish() {
    if (waited())
      taken_up();
  }

private:
  void taken_up() noexcept;
};

class acquire_op final : public lock_op_base {
public:
  explicit acquire_op(coordinator& core, bool guarded = false) noexcept
    : lock_op_base(core, guarded) {}

  bool resume() {
    finish();
    return true;
  }
};

class scoped_lock_op final : public lock_op_base {
public:
  explicit scoped_lock_op(coordinator& core) noexcept
    : lock_op_base(core, true) {}

  lock_guard resume();
};

} // namespace detail

/// Holds a lock and releases it at the end of its scope. Can be moved.
class [[nodiscard]] lock_guard {
public:
  /// Takes over what `other` holds.
  lock_guard(lock_guard&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), exclusive_(other.exclusive_) {
  }

  /// Releases its lock, then takes over what `other` holds.
  lock_guard& operator=(lock_guard&& other) noexcept {
    lock_guard old{std::move(*this)};
    core_ = std::exchange(other.core_, nullptr);
    exclusive_ = other.exclusive_;
    return *this;
  }

  /// Releases the lock. If somebody else released it before, that is reported
  /// to the loop's exception handler.
  ~lock_guard() {
    if (core_)
      give_up();
  }

  /// Releases the lock before the end of the scope.
  /// @throws error  (`errc::not_acquired`) if nobody holds it.
  void release();

  /// True until `release()`, or until it was moved from.
  bool owns_lock() const noexcept {
    return core_ != nullptr;
  }

  /// @cond PRIVATE
  lock_guard(detail::coordinator& core, bool exclusive) noexcept;
  /// @endcond

private:
  void give_up() noexcept;

  detail::coordinator* core_;
  bool exclusive_;
};

/// What a lock looks like at one moment.
struct lock_statistics {
  /// True if it is held.
  bool locked = false;
  /// The name of the task that acquired it; empty if unknown.
  std::string holder = {};
  /// How many tasks wait for it.
  std::size_t waiting = 0;
};

/// A fair mutual-exclusion lock for tasks.
///
/// Whoever asked first is served first, and a lock that is released goes to the
/// first in line: nobody overtakes. A task that waits blocks no thread. Copies
/// of a `lock` name the same lock.
///
/// A lock has no owner: any task or callback of the loop may release it. It
/// cannot be acquired twice by one task.
///
/// It can be made anywhere and belongs to the loop that first uses it.
/// @par Source
/// `asyncio.Lock`; `scoped()` stands for `async with`. `locked()` is false, as
/// there, from a release until the next in line goes on.
class lock : public detail::coordinator_handle {
public:
  /// Makes an unlocked lock.
  /// @param name  for messages.
  explicit lock(std::string_view name = {});

  /// Waits until the lock is ours. If it is free, the task does not suspend.
  /// @returns true.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the lock.
  /// @par Cancellation
  /// The task leaves the line. A lock that was already on its way goes to the
  /// next in line: it is never lost.
  [[nodiscard]] detail::acquire_op acquire() {
    return detail::acquire_op{core()};
  }

  /// As `acquire()`; the guard releases at the end of its scope:
  ///
  ///     auto held = co_await door.scoped();
  [[nodiscard]] detail::scoped_lock_op scoped() {
    return detail::scoped_lock_op{core()};
  }

  /// Acquires the lock if that is possible without waiting. Also from plain
  /// callbacks.
  /// @returns whether it is ours.
  [[nodiscard]] bool try_acquire();

  /// Gives the lock to the first in line. Also from plain callbacks.
  /// @throws error  `errc::not_acquired` if nobody holds it;
  ///                `errc::wrong_loop`; `errc::wrong_thread` from a thread
  ///                that runs no loop, while the lock's loop runs.
  void release();

  /// Returns the fencing token of the present grant: a number that grows with
  /// each grant. Whoever acquired the lock asks for it at once and shows it to
  /// what the lock guards, which refuses a smaller one than it has seen.
  /// @returns 0 before the first grant.
  std::uint64_t token() const;

  /// True if somebody holds it.
  bool locked() const;

  /// Returns what it looks like now.
  lock_statistics statistics() const;

  /// Returns the CAF handle, which understands `acquire` and `release`: see
  /// `ask`. Include `<troupe/caf.hpp>` to call it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;
};

/// @cond PRIVATE
inline lock_guard detail::scoped_lock_op::resume() {
  finish();
  return lock_guard{*owner_, exclusive()};
}
/// @endcond

} // namespace troupe
