#pragma once

#include <troupe/detail/coordinator.hpp>

namespace troupe {

namespace detail {

class event_op final : public wait_op {
public:
  using wait_op::wait_op;

  bool ready(frame_base& frame);
  bool start() override;

  bool resume() {
    if (waited())
      state_ = wait_state::over;
    return true;
  }
};

} // namespace detail

/// What an event looks like at one moment.
struct event_statistics {
  /// True if it is set.
  bool is_set = false;
  /// How many tasks wait for it.
  std::size_t waiting = 0;
};

/// A flag that tasks wait for. Copies name the same event.
///
/// It can be made anywhere and belongs to the loop that first uses it.
/// @par Source
/// `asyncio.Event`.
class event : public detail::coordinator_handle {
public:
  /// Makes an event that is not set.
  /// @param name  for messages.
  explicit event(std::string_view name = {});

  /// Waits until the event is set. If it is, the task does not suspend. A task
  /// that was waiting goes on also if the event was cleared since.
  /// @returns true.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the event.
  /// @par Cancellation
  /// The task leaves the line.
  [[nodiscard]] detail::event_op wait() {
    return detail::event_op{core()};
  }

  /// Sets the event and wakes all that wait, in the order of their coming. Also
  /// from plain callbacks.
  /// @throws error  `errc::wrong_loop`; `errc::wrong_thread` from a thread
  ///                that runs no loop, while the event's loop runs.
  void set();

  /// Takes the setting back.
  void clear();

  /// True if it is set.
  bool is_set() const;

  /// Returns what it looks like now.
  event_statistics statistics() const;

  /// Returns the CAF handle, which understands `set`, `clear`, `is_set` and
  /// `wait`: see
  /// `ask`. Include `<troupe/caf.hpp>` to call it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;
};

} // namespace troupe
