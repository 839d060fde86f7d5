#pragma once

#include <troupe/exception_group.hpp>
#include <troupe/gather.hpp>
#include <troupe/timeout.hpp>

namespace troupe {

namespace detail {

class group_core;

// Keeps room for one more child until it is added or given up.
class group_seat {
public:
  explicit group_seat(group_core& group);
  ~group_seat();
  group_seat(const group_seat&) = delete;
  group_seat& operator=(const group_seat&) = delete;

  event_loop loop() const;
  void take(future_core& child);

private:
  group_core& group_;
  bool taken_ = false;
};

} // namespace detail

/// Tasks that end before the scope that made them: see `with_task_group`.
/// Copies name the same group.
///
/// If a child fails, the others and the body are cancelled; when all have ended
/// their errors come out as one `exception_group`. A child that is cancelled is
/// no failure.
/// @par Source
/// `asyncio.TaskGroup`.
class task_group {
public:
  /// Makes a group that is not entered.
  task_group();

  /// Names the group of `other`.
  task_group(const task_group& other) noexcept;

  /// Names the group of `other`.
  task_group& operator=(task_group other) noexcept;

  ~task_group();

  /// Makes a task that the group waits for. Also allowed while the group is
  /// being left, as long as children live.
  /// @throws invalid_state_error  if the group is not entered, finished or
  ///                              shutting down; the coroutine is closed then.
  template <class T>
  task<T> create_task(coro<T> body,
                      detail::site here = detail::site::here()) const {
    return create_task(std::move(body), task_options{}, here);
  }

  /// As above with a name, a context, a serial group or eager start.
  template <class T>
  task<T> create_task(coro<T> body, task_options options,
                      detail::site here = detail::site::here()) const {
    try {
      detail::group_seat seat{*core_};
      auto made
        = seat.loop().create_task(std::move(body), std::move(options), here);
      seat.take(*made.core());
      return made;
    } catch (...) {
      body.close();
      throw;
    }
  }

  /// As above with a name.
  template <class T>
  task<T> create_task(coro<T> body, std::string_view name,
                      detail::site here = detail::site::here()) const {
    return create_task(std::move(body), task_options{.name = name}, here);
  }

  /// As above for a coroutine function, which lives as long as the task.
  template <coroutine_function F>
  auto create_task(F&& function, task_options options = {},
                   detail::site here = detail::site::here()) const {
    return create_task(
      detail::call_and_keep(std::decay_t<F>(std::forward<F>(function))),
      std::move(options), here);
  }

  /// Ends the group without an error: cancels the children and the body. Before
  /// the group is entered: it is cancelled then. Harmless when called again,
  /// and after the end.
  /// @par Source
  /// `TaskGroup.cancel` of Python 3.15.
  void cancel() const;

  /// Returns the printable text: how many tasks and errors there are.
  friend /// Returns the printable text: the state and how many children there
         /// are.
    std::string
    to_string(const task_group& x);

  /// @cond PRIVATE
  detail::group_core& core() const noexcept {
    return *core_;
  }
  /// @endcond

private:
  detail::group_core* core_;
};

/// Returns the printable text: the state and how many children there are.
std::string to_string(const task_group& x);

namespace detail {

void enter_group(const task_group& group);

// Waits for the children; throws what is to come out of the scope.
coro<void> leave_group(task_group group, std::exception_ptr problem);

[[noreturn]] void throw_no_value();

template <class T, class F>
coro<T> run_group(task_group group, F body) {
  enter_group(group);
  result_slot<T> result;
  std::exception_ptr problem;
  try {
    if constexpr (std::is_void_v<T>)
      co_await call_body(body, group);
    else
      result.emplace(co_await call_body(body, group));
  } catch (...) {
    problem = std::current_exception();
  }
  co_await leave_group(group, std::move(problem));
  if constexpr (!std::is_void_v<T>) {
    if (!result.has_value)
      throw_no_value();
    co_return std::forward<T>(result.get());
  }
}

} // namespace detail

/// A function that takes a `task_group&` or nothing and returns something that
/// can be awaited, such as a coroutine.
template <class F>
concept group_body = requires(std::decay_t<F>& body, task_group& group) {
  requires detail::awaitable<decltype(detail::call_body(body, group))>;
};

/// Runs a body with a task group, and waits until all tasks of the group have
/// ended. The body runs in the same task; it is moved into the scope, so a
/// lambda's captures live as long as it runs.
///
/// Name the lambda before: g++ 12 breaks closures that are made inside an
/// awaiting expression (docs/compilers.md).
/// @snippet task_group.cpp group
/// @param body  called once, with the group.
/// @returns what the body returns.
/// @throws exception_group  with the errors of body and children, if there are
///                          any; `unwrap` gets at a single one.
/// @throws keyboard_interrupt  bare, as `system_exit`.
/// @throws invalid_state_error  if `cancel()` ended a body that was to return a
///                              value.
/// @par Cancellation
/// Cancels the children and waits for them. Errors that they leave go before
/// the cancellation.
/// @par Source
/// `async with asyncio.TaskGroup() as group:`
template <group_body F>
auto with_task_group(F&& body) {
  using T = detail::body_result<F, task_group>;
  return detail::run_group<T, std::decay_t<F>>(task_group{},
                                               std::forward<F>(body));
}

/// As above with a group that was made before, so that others can cancel it.
/// @throws invalid_state_error  if the group was entered before.
template <group_body F>
auto with_task_group(task_group group, F&& body) {
  using T = detail::body_result<F, task_group>;
  return detail::run_group<T, std::decay_t<F>>(std::move(group),
                                               std::forward<F>(body));
}

} // namespace troupe
