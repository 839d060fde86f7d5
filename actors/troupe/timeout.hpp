#pragma once

#include <troupe/gather.hpp>
#include <troupe/sleep.hpp>
#include <troupe/time_limit.hpp>

namespace troupe {

/// A point in time on the loop's clock, or nothing for no deadline. Owns no
/// memory.
class deadline {
public:
  /// No deadline.
  constexpr deadline() noexcept = default;

  /// No deadline.
  constexpr deadline(std::nullptr_t) noexcept {}

  /// No deadline.
  constexpr deadline(std::nullopt_t) noexcept {}

  /// At `when`; a point that has passed is over at once.
  deadline(loop_time when) noexcept
    : when_(when.time_since_epoch().count()), set_(true) {}

  /// At the point, if there is one.
  deadline(const std::optional<loop_time>& when) noexcept
    : deadline(when ? deadline(*when) : deadline()) {}

  /// True if there is a deadline.
  constexpr explicit operator bool() const noexcept {
    return set_;
  }

  /// Returns the point; meaningless without a deadline.
  loop_time time() const noexcept {
    return loop_time{std::chrono::nanoseconds{when_}};
  }

private:
  std::int64_t when_ = 0;
  bool set_ = false;
};

namespace detail {
class timeout_core;
deadline deadline_of(time_limit limit);
[[noreturn]] void throw_timed_out();
bool has_several_workers();
} // namespace detail

/// The inside of `timeout()`: tells and moves the deadline. Copies name the
/// same scope; what is left of one after its end only tells.
/// @par Source
/// `asyncio.Timeout`.
class timeout_scope {
public:
  /// Names the scope of `other`.
  timeout_scope(const timeout_scope& other) noexcept;

  /// Names the scope of `other`.
  timeout_scope& operator=(timeout_scope other) noexcept;

  ~timeout_scope();

  /// Returns the deadline; empty if there is none.
  std::optional<loop_time> when() const;

  /// Moves the deadline, or removes it. One that has passed rings in the next
  /// turn. Other tasks may call it, too.
  /// @throws invalid_state_error if the body has ended or the deadline
  ///                has passed before.
  void reschedule(deadline when) const;

  /// True if the deadline passed before the body ended.
  bool expired() const;

  /// @cond PRIVATE
  explicit timeout_scope(deadline when);

  void enter() const;

  // True if the cancellation that ended the body is the scope's own.
  bool leave(bool by_cancellation) const noexcept;

  /// @endcond

private:
  detail::timeout_core* core_;
};

namespace detail {

// Calls a body with the scope or without.
template <class F, class Scope>
decltype(auto) call_body(F& body, Scope& scope) {
  if constexpr (std::is_invocable_v<F&, Scope&>)
    return body(scope);
  else
    return body();
}

template <class F, class Scope>
using body_result = await_result<decltype(call_body(
  std::declval<std::decay_t<F>&>(), std::declval<Scope&>()))>;

// Leaves the scope when the body ends without a cancellation.
struct timeout_exit {
  const timeout_scope& scope;
  bool left = false;

  explicit timeout_exit(const timeout_scope& x) noexcept : scope(x) {}

  timeout_exit(const timeout_exit&) = delete;
  timeout_exit& operator=(const timeout_exit&) = delete;

  bool leave(bool by_cancellation) noexcept {
    left = true;
    return scope.leave(by_cancellation);
  }

  ~timeout_exit() {
    if (!left)
      scope.leave(false);
  }
};

template <class T, class F>
coro<T> run_timeout(deadline when, F body) {
  timeout_scope scope{when};
  scope.enter();
  timeout_exit at_end{scope};
  try {
    if constexpr (std::is_void_v<T>) {
      co_await call_body(body, scope);
      co_return;
    } else {
      co_return co_await call_body(body, scope);
    }
  } catch (const cancelled_error&) {
    if (!at_end.leave(true))
      throw;
  }
  throw_timed_out();
}

template <class T, class A>
coro<T> run_with_limit(A x, deadline when) {
  timeout_scope scope{when};
  scope.enter();
  timeout_exit at_end{scope};
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(x);
      co_return;
    } else {
      co_return co_await std::move(x);
    }
  } catch (const cancelled_error&) {
    if (!at_end.leave(true))
      throw;
  }
  throw_timed_out();
}

// Waits for a task, whatever becomes of it.
coro<void> end_of(any_future child);

// No time at all: what is done is read, all else is cancelled.
template <class T, class A>
coro<T> run_without_time(A x) {
  if constexpr (is_coro<A>) {
    if (has_several_workers()) { // a task could begin before it is cancelled
      x.close();
      co_await sleep(std::chrono::seconds{0});
      throw_timed_out();
    }
  }
  auto child = child_of(std::move(x));
  if (!child.done()) {
    child.cancel();
    co_await end_of(child);
  }
  if (child.cancelled())
    throw_timed_out();
  if constexpr (std::is_void_v<T>)
    co_await std::move(child);
  else
    co_return co_await std::move(child);
}

template <class T, class A>
coro<T> run_wait_for(A x, time_limit limit) {
  if (limit && limit.count() <= 0)
    return run_without_time<T, A>(std::move(x));
  return run_with_limit<T, A>(std::move(x), deadline_of(limit));
}

} // namespace detail

/// A function that takes nothing or a `timeout_scope&` and returns something
/// that can be awaited, such as a coroutine.
template <class F>
concept timeout_body = requires(std::decay_t<F>& body, timeout_scope& scope) {
  requires detail::awaitable<decltype(detail::call_body(body, scope))>;
};

/// Runs a body until it ends or its time is over. Then the innermost await of
/// the body is cancelled, and that cancellation becomes a `timeout_error` when
/// it leaves the body. The body runs in the same task; it is moved into the
/// scope, so a lambda's captures live as long as it runs.
///
/// A body that awaits nothing is never interrupted. Scopes may be nested: the
/// one whose time is over throws. A cancellation of the task from elsewhere
/// passes as it is.
///
/// Name the lambda before: g++ 12 breaks closures that are made inside an
/// awaiting expression (docs/compilers.md).
/// @snippet timeout.cpp timeout
/// @param limit  the time from now on; none for `nullptr` or an empty optional.
///               Zero or less: the first await is cancelled.
/// @param body  called once.
/// @returns what the body returns.
/// @throws timeout_error  if the time was over.
/// @throws ...  what the body throws.
/// @par Source
/// `async with asyncio.timeout(limit):`
template <timeout_body F>
auto timeout(time_limit limit, F&& body) {
  using T = detail::body_result<F, timeout_scope>;
  return detail::run_timeout<T, std::decay_t<F>>(detail::deadline_of(limit),
                                                 std::forward<F>(body));
}

/// As `timeout` with a point on the loop's clock.
/// @par Source
/// `async with asyncio.timeout_at(when):`
template <timeout_body F>
auto timeout_at(deadline when, F&& body) {
  using T = detail::body_result<F, timeout_scope>;
  return detail::run_timeout<T, std::decay_t<F>>(when, std::forward<F>(body));
}

/// Awaits `x`, but cancels it when the time is over, waits for its end, and
/// throws `timeout_error`. If it swallows that cancellation, its value counts;
/// if it fails in its clean-up, that error comes out.
///
/// A coroutine runs in the awaiting task. With a limit of zero or less a result
/// that is there is returned, and a fresh coroutine never begins.
/// @param x  a coroutine, task, future or anything that can be awaited.
/// @param limit  the time from now on; none for `nullptr` or an empty optional.
/// @throws timeout_error  if the time was over.
/// @throws ...  the exception of `x`.
/// @par Cancellation
/// Cancels `x`; shield it to keep it.
/// @par Source
/// `asyncio.wait_for`.
template <detail::awaitable A>
auto wait_for(A&& x, time_limit limit) {
  using bare = std::remove_cvref_t<A>;
  using T = detail::await_result<bare>;
  return detail::run_wait_for<T, bare>(std::forward<A>(x), limit);
}

} // namespace troupe
