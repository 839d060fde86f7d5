#pragma once

#include <concepts>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace troupe {

/// What a combinator gives in place of a `void` result.
struct none {
  /// All are equal.
  friend constexpr bool operator==(none, none) noexcept {
    return true;
  }
};

/// How something ended: with a value or with an exception.
/// @tparam T  the type of the value; nothing to read for `void`.
template <class T = void>
class outcome {
public:
  /// What `value()` returns a reference to; `none` for `void`.
  using value_type = std::conditional_t<
    std::is_void_v<T>, none,
    std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

  /// Holds a value.
  explicit outcome(value_type value)
    : value_(std::move(value)), has_value_(true) {}

  /// Holds an exception.
  /// @param problem  not null.
  explicit outcome(std::exception_ptr problem) noexcept
    : problem_(std::move(problem)), has_value_(false) {}

  /// Copies value or exception.
  outcome(const outcome& other)
    requires std::copy_constructible<value_type>
    : problem_(other.problem_), has_value_(other.has_value_) {
    if (has_value_)
      ::new (static_cast<void*>(&value_)) value_type(other.value_);
  }

  /// Moves value or exception.
  outcome(outcome&& other) noexcept
    : problem_(std::move(other.problem_)), has_value_(other.has_value_) {
    if (has_value_)
      ::new (static_cast<void*>(&value_)) value_type(std::move(other.value_));
  }

  /// Takes over value or exception.
  outcome& operator=(outcome other) noexcept {
    if (has_value_)
      value_.~value_type();
    has_value_ = other.has_value_;
    problem_ = std::move(other.problem_);
    if (has_value_)
      ::new (static_cast<void*>(&value_)) value_type(std::move(other.value_));
    return *this;
  }

  ~outcome() {
    if (has_value_)
      value_.~value_type();
  }

  /// True if there is a value.
  bool has_value() const noexcept {
    return has_value_;
  }

  /// True if there is a value.
  explicit operator bool() const noexcept {
    return has_value_;
  }

  /// Returns the exception; null if there is a value. A cancellation is a
  /// `cancelled_error`.
  const std::exception_ptr& exception() const noexcept {
    return problem_;
  }

  /// Reads the value.
  /// @throws ...  the exception.
  decltype(auto) value() & {
    return get(value_);
  }

  /// As above.
  decltype(auto) value() const& {
    return get(value_);
  }

  /// As above; moves the value out.
  decltype(auto) value() && {
    return get(std::move(value_));
  }

private:
  template <class U>
  decltype(auto) get(U&& value) const {
    if (!has_value_)
      std::rethrow_exception(problem_);
    if constexpr (std::is_reference_v<T>)
      return static_cast<T>(*value);
    else if constexpr (!std::is_void_v<T>)
      return static_cast<U&&>(value);
  }

  union {
    value_type value_;
  };
  std::exception_ptr problem_;
  bool has_value_;
};

} // namespace troupe
