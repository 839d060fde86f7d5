#pragma once

#include <troupe/detail/coordinator.hpp>

#include <cstddef>

namespace troupe {

namespace detail {

class limiter_op final : public wait_op {
public:
  limiter_op(coordinator& core, std::size_t count) noexcept
    : wait_op(core), count_(count) {}

  limiter_op(limiter_op&& other) noexcept
    : wait_op(std::move(other)), count_(other.count_) {}

  bool ready(frame_base& frame);
  bool start() override;

  void resume() {
    if (waited())
      state_ = wait_state::over;
  }

  std::size_t count() const noexcept {
    return count_;
  }

private:
  std::size_t count_;
};

} // namespace detail

/// What a rate limiter looks like at one moment.
struct rate_limiter_statistics {
  /// Tokens a second.
  double rate = 0;
  /// How many tokens the bucket can hold.
  std::size_t burst = 0;
  /// How many whole tokens are in the bucket.
  std::size_t available = 0;
  /// How many tokens were taken since the beginning.
  std::size_t taken = 0;
  /// How many tasks wait.
  std::size_t waiting = 0;
};

/// Limits how often something is done: a bucket into which tokens drip at a
/// steady rate, up to a limit. Whoever does it takes a token first, and waits
/// while there is none.
///
///     rate_limiter limiter{10, 3}; // ten a second, up to three at once
///     co_await limiter.acquire();
///
/// In any span of t seconds at most `burst + rate * t` tokens are given away.
/// Whoever asked first is served first, also if others want fewer. The bucket
/// is full at the beginning. Time is that of the loop, also a virtual one.
///
/// Copies name the same limiter. It can be made anywhere and belongs to the
/// loop that first uses it.
/// @par Source
/// A token bucket, computed as the generic cell rate algorithm of ITU-T I.371.
class rate_limiter : public detail::coordinator_handle {
public:
  /// Makes a limiter with a full bucket.
  /// @param rate  tokens a second, above 0.
  /// @param burst  how many tokens the bucket can hold, at least 1.
  /// @param name  for messages.
  /// @throws std::invalid_argument  if a number is out of its range.
  explicit rate_limiter(double rate, std::size_t burst = 1,
                        std::string_view name = {});

  /// Takes tokens, and waits until there are enough. If there are, the task
  /// does not suspend.
  /// @param count  how many, 0 to `burst`. For 0 it waits for its turn only.
  /// @throws std::invalid_argument  if `count` is above `burst`.
  /// @throws cancelled_error  if the waiting task is cancelled.
  /// @throws error  (`errc::wrong_loop`) if another loop uses the limiter.
  /// @par Cancellation
  /// The task leaves the line; those behind it move up. Tokens that were on
  /// their way go back into the bucket.
  [[nodiscard]] detail::limiter_op acquire(std::size_t count = 1);

  /// Takes tokens if there are enough and nobody waits. Also from plain
  /// callbacks.
  /// @returns whether they were taken.
  /// @throws std::invalid_argument  if `count` is above `burst`.
  [[nodiscard]] bool try_acquire(std::size_t count = 1);

  /// Returns what it looks like now.
  rate_limiter_statistics statistics() const;

  /// Returns the CAF handle, which understands `acquire`: see
  /// `ask`. Include `<troupe/caf.hpp>` to call it.
  /// @throws error  `errc::no_running_loop` if it belongs to no loop yet and
  ///                none runs here; `errc::loop_closed`.
  caf::actor actor() const;
};

} // namespace troupe
