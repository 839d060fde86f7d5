#pragma once

#include <troupe/detail/coordinator.hpp>

#include <utility>

namespace troupe {

class semaphore_guard;

namespace detail {

class semaphore_op_base : public wait_op {
public:
  using wait_op::wait_op;
  semaphore_op_base(semaphore_op_base&&) noexcept = default;

  bool ready(frame_base& frame);
  bool start() override;

protected:
  ~semaphore_op_base() = default;

  void finish() {
    if (waited())
      taken_up();
  }

private:
  void taken_up() noexcept;
};

class take_permit_op final : public semaphore_op_base {
public:
  using semaphore_op_base::semaphore_op_base;

  bool resume() {
    finish();
    return true;
  }
};

class scoped_permit_op final : public semaphore_op_base {
public:
  using semaphore_op_base::semaphore_op_base;

  semaphore_guard resume();
};

} // namespace detail

/// Holds a permit of a semaphore and returns it at the end of its scope. Can be
/// moved.
class [[nodiscard]] semaphore_guard {
public:
  /// Takes over what `other` holds.
  semaphore_guard(semaphore_guard&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), exclusive_(other.exclusive_) {
  }

  /// Returns its permit, then takes over what `other` holds.
  semaphore_guard& operator=(semaphore_guard&& other) noexcept {
    semaphore_guard old{std::move(*this)};
    core_ = std::exchange(other.core_, nullptr);
    exclusive_ = other.exclusive_;
    return *this;
  }

  /// Returns the permit. If a bounded semaphore has all its permits already,
  /// that is reported to the loop's exception handler.
  ~semaphore_guard() {
    if (core_)
      give_up();
  }

  /// Returns the permit before the end of the scope.
  /// @throws error  (`errc::too_often`) as `bounded_semaphore::release()`;
  ///                (`errc::not_acquired`) if it holds none.
  void release();

  /// True until `release()`, or until it was moved from.
  bool owns_permit() const noexcept {
    return core_ != nullptr;
  }

  /// @cond PRIVATE
  semaphore_guard(detail::coordinator& core, bool exclusive) noexcept
    : core_(&core), exclusive_(exclusive) {
    core.hold(exclusive);
  }
  /// @endcond

private:
  void give_up() noexcept;

  detail::coordinator* core_;
  bool exclusive_;
};

/// What a semaphore looks like at one moment.
struct semaphore_statistics {
  /// How many permits nobody holds.
  std::size_t value = 0;
  /// How many there can be; 0: without limit.
  std::size_t bound = 0;
  /// How many tasks wait for one.
  std::size_t waiting = 0;
};

/// A number of permits, to limit how many tasks do something at the same time.
/// Copies name the same semaphore.
///
/// Whoever asked first is served first: a permit that is returned goes to the
/// first in line, and nobody overtakes.
///
/// It can be made anywhere and belongs to the loop that first uses it.
/// @par Source
/// `asyncio.Semaphore`; `scoped()` stands for `async with`.
class semaphore : public detail::coordinator_handle {
public:
  /// Makes a semaphore.
  /// @param value  permits at the beginning, 0 or more.
  /// @param name  for messages.
  /// @throws std::invalid_argument  if `value` is below 0.
  explicit semaphore(int value = 1, std::string_view name = {});

  /// Waits for a permit. If there is one, the task does not suspend.
  /// @returns true.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the semaphore.
  /// @par Cancellation
  /// The task leaves the line. A permit that was already on its way goes to the
  /// next in line: it is never lost.
  [[nodiscard]] detail::take_permit_op acquire() {
    return detail::take_permit_op{core()};
  }

  /// As `acquire()`; the guard returns the permit at the end of its scope.
  [[nodiscard]] detail::scoped_permit_op scoped() {
    return detail::scoped_permit_op{core()};
  }

  /// Takes a permit if that is possible without waiting. Also from plain
  /// callbacks.
  /// @returns whether it is ours.
  [[nodiscard]] bool try_acquire();

  /// Gives a permit to the first in line, or keeps it. Also from plain
  /// callbacks, and by tasks that never took one.
  /// @throws error  `errc::wrong_loop`; `errc::wrong_thread` from a thread
  ///                that runs no loop, while the semaphore's loop runs.
  void release();

  /// True if `acquire()` would wait: there is no permit, or others come first.
  bool locked() const;

  /// Returns what it looks like now.
  semaphore_statistics statistics() const;

  /// Returns the CAF handle, which understands `acquire` and `release`: see
  /// `ask`. Include `<troupe/caf.hpp>` to call it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;

protected:
  /// @cond PRIVATE
  semaphore(int value, std::string_view name, bool bounded);
  /// @endcond
};

/// A semaphore that never has more permits than at the beginning.
/// @par Source
/// `asyncio.BoundedSemaphore`.
class bounded_semaphore : public semaphore {
public:
  /// As `semaphore`; `release()` throws `error` (`errc::too_often`) if it has
  /// all its permits.
  explicit bounded_semaphore(int value = 1, std::string_view name = {})
    : semaphore(value, name, true) {}
};

/// @cond PRIVATE
inline semaphore_guard detail::scoped_permit_op::resume() {
  finish();
  return semaphore_guard{*owner_, exclusive()};
}
/// @endcond

} // namespace troupe
