#pragma once

#include <troupe/detail/coordinator.hpp>

namespace troupe {

namespace detail {

class barrier_op final : public wait_op {
public:
  using wait_op::wait_op;

  bool ready(frame_base& frame);
  bool start() override;

  std::size_t resume() {
    if (waited())
      leave();
    return place_;
  }

private:
  friend class barrier_core;

  void leave();

  std::size_t place_ = 0;
};

} // namespace detail

/// What a barrier looks like at one moment.
struct barrier_statistics {
  /// How many tasks it takes.
  std::size_t parties = 0;
  /// How many wait for the others.
  std::size_t waiting = 0;
  /// How many were released and did not go on yet.
  std::size_t leaving = 0;
  /// How many came too early and wait for the next round.
  std::size_t early = 0;
  /// True if it was aborted.
  bool broken = false;
};

/// A place where a number of tasks wait for each other, round after round.
/// Copies name the same barrier.
///
/// A task that comes while others still leave waits for the next round. A task
/// that is cancelled just leaves; the barrier is not broken by that.
///
/// It can be made anywhere and belongs to the loop that first uses it.
/// @par Source
/// `asyncio.Barrier`. There, `reset` and `abort` have to be awaited.
class barrier : public detail::coordinator_handle {
public:
  /// Makes a barrier.
  /// @param parties  how many tasks meet, at least 1.
  /// @param name  for messages.
  /// @throws std::invalid_argument  if `parties` is below 1.
  explicit barrier(int parties, std::string_view name = {});

  /// Waits until all have come. The last one does not suspend.
  /// @returns a number, 0 for who came first in this round.
  /// @throws broken_barrier_error  if the barrier is broken, or is aborted or
  ///                               reset while the task waits.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the barrier.
  /// @par Cancellation
  /// The task leaves; the others wait for one more.
  [[nodiscard]] detail::barrier_op wait() {
    return detail::barrier_op{core()};
  }

  /// Ends the present round: tasks that wait, or that did not go on yet, get
  /// `broken_barrier_error`. The next round begins when they have left.
  void reset();

  /// Breaks the barrier: all tasks that wait, and all that come until it is
  /// reset, get `broken_barrier_error`.
  void abort();

  /// Returns how many tasks it takes.
  std::size_t parties() const noexcept;

  /// Returns how many wait for the others; 0 while they leave.
  std::size_t n_waiting() const;

  /// True if it was aborted.
  bool broken() const;

  /// Returns what it looks like now.
  barrier_statistics statistics() const;

  /// Returns the CAF handle, which understands `wait`, `reset` and `abort`: see
  /// `ask`. Include `<troupe/caf.hpp>` to call it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;
};

} // namespace troupe
