#pragma once

#include <troupe/context.hpp>
#include <troupe/detail/callback.hpp>
#include <troupe/detail/durations.hpp>

#include <string>
#include <utility>

namespace troupe {

/// A callback that was given to a loop. Copies name the same callback.
/// @par Source
/// `asyncio.Handle`.
class handle {
public:
  /// Names no callback.
  handle() noexcept = default;

  /// Takes the callback back; its function and what is bound to it are
  /// destroyed at once. Harmless after it ran. For `call_soon_threadsafe`, from
  /// another thread: waits while the callback runs.
  void cancel() const {
    callback_->cancel();
  }

  /// True if it was cancelled.
  bool cancelled() const {
    return callback_->cancelled();
  }

  /// Returns the context that the callback runs in.
  context get_context() const {
    return context{callback_->context};
  }

  /// Returns the printable text: state and the place of making.
  friend std::string to_string(const handle& x) {
    return x.callback_->describe();
  }

  /// Handles are equal if they name the same callback.
  friend bool operator==(const handle&, const handle&) noexcept = default;

  /// @cond PRIVATE
  explicit handle(detail::ref<detail::callback> callback) noexcept
    : callback_(std::move(callback)) {}
  /// @endcond

protected:
  /// @cond PRIVATE
  detail::ref<detail::callback> callback_;
  /// @endcond
};

/// A point on the clock of a loop: monotonic, with nanoseconds.
using loop_time = std::chrono::steady_clock::time_point;

/// A callback that waits for a point in time.
/// @par Source
/// `asyncio.TimerHandle`.
class timer_handle : public handle {
public:
  using handle::handle;

  /// Returns when the callback is due, on the loop's clock.
  loop_time when() const noexcept {
    return loop_time{std::chrono::nanoseconds{callback_->deadline}};
  }
};

} // namespace troupe
