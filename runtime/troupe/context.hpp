#pragma once

#include <troupe/detail/context_ref.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace troupe {

namespace detail {

template <class T>
struct typed_context_value final : context_value {
  explicit typed_context_value(T&& x) : value(std::move(x)) {}

  T value;
};

ref<context_value> find_variable(const void* variable) noexcept;
ref<context_value> replace_variable(const void* variable,
                                    ref<context_value> value);
[[noreturn]] void throw_unset_variable(const std::string& name);

} // namespace detail

/// A set of context variables that tasks and callbacks run in. Copies of the
/// handle name the same context.
/// @par Source
/// `contextvars.Context`.
class context {
public:
  /// Names no context; the receiver then makes a copy of the present one.
  context() noexcept = default;

  /// Calls `function` in this context and returns what it returns.
  /// @param function  a callable without arguments; what it sets stays in this
  ///                  context.
  template <class F>
  decltype(auto) run(F&& function) {
    detail::context_scope scope{state_};
    return std::forward<F>(function)();
  }

  /// True if it names a context.
  explicit operator bool() const noexcept {
    return static_cast<bool>(state_);
  }

  /// @cond PRIVATE
  explicit context(detail::context_ref state) noexcept
    : state_(std::move(state)) {}

  const detail::context_ref& state() const noexcept {
    return state_;
  }
  /// @endcond

private:
  detail::context_ref state_;
};

/// Returns a new context with the present values of all variables.
/// @par Source
/// `contextvars.copy_context`.
context copy_context();

/// A variable with one value in each context: each task copies the values of
/// its maker, and its changes stay its own.
///
/// A variable is usually a global. It must outlive all contexts that hold it.
/// @tparam T  a copyable value.
/// @par Source
/// `contextvars.ContextVar`.
template <class T>
class context_var {
public:
  /// What a context held before a `set`; brings it back with `reset`.
  class token {
  public:
    /// @cond PRIVATE
    explicit token(detail::ref<detail::context_value> before) noexcept
      : before_(std::move(before)) {}
    /// @endcond

  private:
    friend context_var;
    detail::ref<detail::context_value> before_;
  };

  /// Makes a variable without a default.
  /// @param name  used in messages.
  explicit context_var(std::string name) : name_(std::move(name)) {}

  /// Makes a variable with a default.
  /// @param name  used in messages.
  /// @param fallback  what `get()` returns where nothing was set.
  context_var(std::string name, T fallback)
    : name_(std::move(name)), fallback_(make(std::move(fallback))) {}

  context_var(const context_var&) = delete;
  context_var& operator=(const context_var&) = delete;

  /// Returns the value in the present context, or the default.
  /// @throws std::out_of_range  if there is neither (Python's `LookupError`).
  T get() const {
    if (auto value = detail::find_variable(this))
      return read(*value);
    if (!fallback_)
      detail::throw_unset_variable(name_);
    return read(*fallback_);
  }

  /// Returns the value in the present context, or `fallback`.
  T get(T fallback) const {
    if (auto value = detail::find_variable(this))
      return read(*value);
    return fallback;
  }

  /// Sets the value in the present context.
  /// @returns a token for `reset`.
  token set(T value) {
    return token{detail::replace_variable(this, make(std::move(value)))};
  }

  /// Brings back what was before the `set` that returned `before`.
  void reset(token before) {
    detail::replace_variable(this, std::move(before.before_));
  }

  /// Returns the name.
  const std::string& name() const noexcept {
    return name_;
  }

private:
  using holder = detail::typed_context_value<T>;

  static detail::ref<detail::context_value> make(T value) {
    return detail::ref<detail::context_value>{new holder(std::move(value)),
                                              true};
  }

  static const T& read(const detail::context_value& value) noexcept {
    return static_cast<const holder&>(value).value;
  }

  std::string name_;
  detail::ref<detail::context_value> fallback_;
};

} // namespace troupe
