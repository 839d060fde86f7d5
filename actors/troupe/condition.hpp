#pragma once

#include <troupe/coro.hpp>
#include <troupe/lock.hpp>

namespace troupe {

namespace detail {

// Waits for a notification; gives up the lock when it stands in line.
class notified_op final : public wait_op {
public:
  enum : std::uint8_t { guarded = 1, told = 2 };

  using wait_op::wait_op;

  bool ready(frame_base& frame);
  bool start() override;

  void resume() {
    if (waited())
      state_ = wait_state::over;
  }

  // Whether a guard held the lock; whether a notification was for us.
  bool has(std::uint8_t mark) const noexcept {
    return mark_ & mark;
  }
};

} // namespace detail

/// What a condition looks like at one moment.
struct condition_statistics {
  /// How many tasks wait for a notification.
  std::size_t waiting = 0;
  /// The lock of the condition, with those who wait for it.
  lock_statistics lock = {};
};

/// Waits for a change of something that a lock guards. Copies name the same
/// condition.
///
/// Whoever changes it holds the lock and notifies; whoever waits holds the lock
/// too, gives it up while it waits, and has it again when it goes on.
///
///     auto held = co_await changed.scoped();
///     co_await changed.wait_for([&] { return !items.empty(); });
///
/// @par Source
/// `asyncio.Condition`. A notification that a cancelled task had got goes to
/// the next one; asyncio notifies another one also if it had got none.
class condition : public detail::coordinator_handle {
public:
  /// Makes a condition with a lock of its own.
  /// @param name  for messages.
  explicit condition(std::string_view name = {});

  /// Makes a condition of a lock that others may share.
  explicit condition(const lock& shared, std::string_view name = {});

  /// Releases the lock, waits for a notification and acquires the lock again.
  /// It may go on without cause, so use it in a loop, or `wait_for()`.
  /// @returns true.
  /// @throws error  (`errc::not_acquired`) if nobody holds the lock.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @par Cancellation
  /// The task leaves the line and acquires the lock before the cancellation
  /// comes out, which may take as long as others hold it. A notification that
  /// it had got goes to the next one.
  [[nodiscard]] coro<bool> wait();

  /// Waits until `predicate()` is true, asking at once and after each
  /// notification, with the lock held.
  /// @returns what the predicate returned.
  /// @throws error  (`errc::not_acquired`) if it has to wait and nobody holds
  ///                the lock.
  /// @par Cancellation
  /// As `wait()`.
  template <class Predicate>
  [[nodiscard]] auto wait_for(Predicate predicate)
    -> coro<decltype(predicate())> {
    return wait_until_true(*this, std::move(predicate));
  }

  /// Wakes up to `count` waiting tasks, those that came first. They go on one
  /// after the other when the lock is released.
  /// @throws error  (`errc::not_acquired`) if nobody holds the lock.
  void notify(std::size_t count = 1);

  /// Wakes all that wait.
  /// @throws error  (`errc::not_acquired`) if nobody holds the lock.
  void notify_all();

  /// As `lock::acquire()`.
  [[nodiscard]] detail::acquire_op acquire();

  /// As `lock::scoped()`.
  [[nodiscard]] detail::scoped_lock_op scoped();

  /// As `lock::try_acquire()`.
  [[nodiscard]] bool try_acquire();

  /// As `lock::release()`.
  void release();

  /// As `lock::locked()`.
  bool locked() const;

  /// Returns what it looks like now.
  condition_statistics statistics() const;

  /// Returns the CAF handle, which understands `acquire`, `release`,
  /// `wait`, `notify` and `notify_all`: see
  /// `ask`. Include `<troupe/caf.hpp>` to call it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;

private:
  template <class Predicate>
  static auto wait_until_true(condition self, Predicate predicate)
    -> coro<decltype(predicate())> {
    auto result = predicate();
    while (!result) {
      co_await self.wait();
      result = predicate();
    }
    co_return result;
  }
};

} // namespace troupe
