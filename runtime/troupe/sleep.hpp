#pragma once

#include <troupe/detail/callback.hpp>
#include <troupe/detail/durations.hpp>
#include <troupe/detail/op.hpp>

#include <stdexcept>

namespace troupe {

namespace detail {

// Nanoseconds, saturated; a floating-point delay may be too large or no number.
template <class Rep, class Period>
std::int64_t nanoseconds_of(std::chrono::duration<Rep, Period> delay) {
  using nanos = std::chrono::duration<long double, std::nano>;
  constexpr auto most = std::int64_t{1} << 62;
  if constexpr (std::is_same_v<Period, std::nano> && std::is_integral_v<Rep>) {
    return delay.count();
  } else {
    if constexpr (std::is_floating_point_v<Rep>)
      if (delay.count() != delay.count())
        throw std::invalid_argument("sleep: the delay is not a number (NaN)");
    long double exact = nanos(delay).count();
    if (exact >= static_cast<long double>(most))
      return most;
    if (exact <= -static_cast<long double>(most))
      return -most;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(delay).count();
  }
}

class sleep_op_base : public op {
public:
  explicit sleep_op_base(std::int64_t delay) noexcept : delay_(delay) {}

  sleep_op_base(sleep_op_base&& other) noexcept
    : op(std::move(other)), delay_(other.delay_) {}

  ~sleep_op_base() {
    if (alarm_)
      drop_alarm();
  }

  bool ready(frame_base&) const noexcept {
    return false;
  }

  bool start() override;
  bool request_cancel(const std::string& message) override;
  bool retract() noexcept override;
  void withdraw() noexcept override;
  std::string describe() const override;

  static constexpr bool is_selectable = true;

private:
  class alarm;

  void drop_alarm() noexcept;

  std::int64_t delay_;
  alarm* alarm_ = nullptr; // null for one turn
};

template <class T>
class sleep_op final : public sleep_op_base {
public:
  sleep_op(std::int64_t delay, T result)
    : sleep_op_base(delay), result_(std::move(result)) {}

  T resume() {
    check_cancelled();
    return std::move(result_);
  }

private:
  T result_;
};

template <>
class sleep_op<void> final : public sleep_op_base {
public:
  using sleep_op_base::sleep_op_base;

  void resume() const {
    check_cancelled();
  }
};

} // namespace detail

/// Suspends the task for `delay`; other tasks run meanwhile. Never ends early.
/// @param delay  any chrono duration. Zero or less suspends for one turn of the
///               loop: all that is ready now runs first.
/// @throws std::invalid_argument  if a floating-point delay is not a number.
/// @throws cancelled_error  if the task is cancelled.
/// @par Cancellation
/// The timer is taken back at once.
/// @par Source
/// `asyncio.sleep`.
template <class Rep, class Period>
[[nodiscard]] detail::sleep_op<void>
sleep(std::chrono::duration<Rep, Period> delay) {
  return detail::sleep_op<void>{detail::nanoseconds_of(delay)};
}

/// As above; returns `result` after the delay.
template <class Rep, class Period, class T>
[[nodiscard]] detail::sleep_op<T>
sleep(std::chrono::duration<Rep, Period> delay, T result) {
  return detail::sleep_op<T>{detail::nanoseconds_of(delay), std::move(result)};
}

} // namespace troupe
