#pragma once

#include <troupe/sleep.hpp>

#include <optional>

namespace troupe {

/// How long something may take: a chrono duration, or nothing for no limit.
/// Owns no memory, so that it may stand in braces beside an await.
class time_limit {
public:
  /// No limit.
  constexpr time_limit() noexcept = default;

  /// No limit.
  constexpr time_limit(std::nullptr_t) noexcept {}

  /// No limit.
  constexpr time_limit(std::nullopt_t) noexcept {}

  /// A limit; zero or less is over at once.
  /// @throws std::invalid_argument  if a floating-point duration is not a
  ///                                number.
  template <class Rep, class Period>
  time_limit(std::chrono::duration<Rep, Period> limit)
    : nanoseconds_(detail::nanoseconds_of(limit)), set_(true) {}

  /// A limit if there is one.
  template <class Rep, class Period>
  time_limit(const std::optional<std::chrono::duration<Rep, Period>>& limit)
    : time_limit(limit ? time_limit(*limit) : time_limit()) {}

  /// True if there is a limit.
  constexpr explicit operator bool() const noexcept {
    return set_;
  }

  /// Returns the limit in nanoseconds; meaningless without one.
  constexpr std::int64_t count() const noexcept {
    return nanoseconds_;
  }

private:
  std::int64_t nanoseconds_ = 0;
  bool set_ = false;
};

} // namespace troupe
