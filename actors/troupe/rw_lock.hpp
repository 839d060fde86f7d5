#pragma once

#include <troupe/detail/coordinator.hpp>

#include <utility>

namespace troupe {

class rw_lock_guard;

namespace detail {

class rw_lock_op_base : public wait_op {
public:
  // `guarded`: it is released by a guard, not by just anybody.
  rw_lock_op_base(coordinator& core, bool writes, bool guarded) noexcept
    : wait_op(core) {
    mark_ = static_cast<std::uint8_t>((writes ? for_writing : 0)
                                      | (guarded ? by_guard : 0));
  }

  rw_lock_op_base(rw_lock_op_base&&) noexcept = default;

  bool ready(frame_base& frame);
  bool start() override;

  enum mark : std::uint8_t { for_writing = 1, by_guard = 2 };

protected:
  ~rw_lock_op_base() = default;

  void finish() {
    if (waited())
      state_ = wait_state::over;
  }
};

class rw_lock_op final : public rw_lock_op_base {
public:
  rw_lock_op(coordinator& core, bool writes) noexcept
    : rw_lock_op_base(core, writes, false) {}

  bool resume() {
    finish();
    return true;
  }
};

class scoped_rw_lock_op final : public rw_lock_op_base {
public:
  scoped_rw_lock_op(coordinator& core, bool writes) noexcept
    : rw_lock_op_base(core, writes, true) {}

  rw_lock_guard resume();
};

} // namespace detail

/// Holds an `rw_lock`, for reading or for writing, and releases it at the end
/// of its scope. Can be moved.
class [[nodiscard]] rw_lock_guard {
public:
  /// Takes over what `other` holds.
  rw_lock_guard(rw_lock_guard&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), reader_(other.reader_),
      writes_(other.writes_), exclusive_(other.exclusive_) {}

  /// Releases its lock, then takes over what `other` holds.
  rw_lock_guard& operator=(rw_lock_guard&& other) noexcept {
    rw_lock_guard old{std::move(*this)};
    core_ = std::exchange(other.core_, nullptr);
    reader_ = other.reader_;
    writes_ = other.writes_;
    exclusive_ = other.exclusive_;
    return *this;
  }

  /// Releases the lock. If somebody else released it before, that is reported
  /// to the loop's exception handler.
  ~rw_lock_guard() {
    if (core_)
      give_up();
  }

  /// Releases the lock before the end of the scope.
  /// @throws error  (`errc::not_acquired`) if nobody holds it in this way.
  void release();

  /// True until `release()`, or until it was moved from.
  bool owns_lock() const noexcept {
    return core_ != nullptr;
  }

  /// True if it holds the lock for writing.
  bool writes() const noexcept {
    return writes_;
  }

  /// @cond PRIVATE
  rw_lock_guard(detail::coordinator& core, std::uint64_t reader, bool writes,
                bool exclusive) noexcept
    : core_(&core), reader_(reader), writes_(writes), exclusive_(exclusive) {
    core.hold(exclusive);
  }
  /// @endcond

private:
  void give_up() noexcept;

  detail::coordinator* core_;
  std::uint64_t reader_; // the number of the task that reads
  bool writes_;
  bool exclusive_;
};

/// What an `rw_lock` looks like at one moment.
struct rw_lock_statistics {
  /// How many read.
  std::size_t readers = 0;
  /// True if somebody writes.
  bool writing = false;
  /// The name of the task that writes; empty if unknown.
  std::string writer = {};
  /// How many tasks wait to read.
  std::size_t waiting_readers = 0;
  /// How many tasks wait to write.
  std::size_t waiting_writers = 0;
};

/// A lock that many may hold for reading, or one for writing.
///
/// Whoever asked first is served first: a writer that waits holds back the
/// readers that come after it, so neither side starves. Readers that stand in
/// line one after the other go on together. Copies of an `rw_lock` name the
/// same lock.
///
/// A reader cannot become a writer: two that try would wait for each other.
/// Release, then ask for writing, and look again at what you read.
///
/// It can be made anywhere and belongs to the loop that first uses it. Like
/// `lock` it has no owner.
/// @par Source
/// asyncio has none; `RWMutex` of Go.
class rw_lock : public detail::coordinator_handle {
public:
  /// Makes an unlocked lock.
  /// @param name  for messages.
  explicit rw_lock(std::string_view name = {});

  /// Waits until it is ours for reading. If nobody writes or waits to write,
  /// the task does not suspend.
  /// @returns true.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the lock.
  /// @par Cancellation
  /// The task leaves the line. What was granted already goes to the next in
  /// line: it is never lost.
  [[nodiscard]] detail::rw_lock_op read() {
    return detail::rw_lock_op{core(), false};
  }

  /// Waits until it is ours for writing. If nobody holds it, the task does not
  /// suspend.
  /// @returns true.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the lock.
  /// @par Cancellation
  /// As `read()`; readers that it held back go on.
  [[nodiscard]] detail::rw_lock_op write() {
    return detail::rw_lock_op{core(), true};
  }

  /// As `read()`; the guard releases at the end of its scope:
  ///
  ///     auto held = co_await table.scoped_read();
  [[nodiscard]] detail::scoped_rw_lock_op scoped_read() {
    return detail::scoped_rw_lock_op{core(), false};
  }

  /// As `write()`; the guard releases at the end of its scope.
  [[nodiscard]] detail::scoped_rw_lock_op scoped_write() {
    return detail::scoped_rw_lock_op{core(), true};
  }

  /// Acquires it for reading if that is possible without waiting. Also from
  /// plain callbacks.
  /// @returns whether it is ours.
  [[nodiscard]] bool try_read();

  /// Acquires it for writing if that is possible without waiting. Also from
  /// plain callbacks.
  /// @returns whether it is ours.
  [[nodiscard]] bool try_write();

  /// Ends one reading. Also from plain callbacks.
  /// @throws error  `errc::not_acquired` if nobody reads; `errc::wrong_loop`;
  ///                `errc::wrong_thread` from a thread that runs no loop, while
  ///                the lock's loop runs.
  void release_read();

  /// Ends the writing. Also from plain callbacks.
  /// @throws error  as `release_read()`, if nobody writes.
  void release_write();

  /// Returns what it looks like now.
  rw_lock_statistics statistics() const;

  /// Returns the CAF handle, which understands `read`, `write` and `release`:
  /// see `ask`. Include `<troupe/caf.hpp>` to call it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;
};

/// @cond PRIVATE
inline rw_lock_guard detail::scoped_rw_lock_op::resume() {
  finish();
  return rw_lock_guard{*owner_, task_->number(), (mark_ & for_writing) != 0,
                       exclusive()};
}
/// @endcond

} // namespace troupe
