#pragma once

#include <troupe/task.hpp>

namespace troupe {

/// How `run` and `runner` make and end their loop.
struct run_options {
  /// Number of workers; see `loop_options`.
  unsigned threads = 1;
  /// Debug mode: 1 on, 0 off, -1 as `TROUPE_DEBUG` says.
  int debug = -1;
  /// Makes the loop; `new_event_loop` if null.
  event_loop (*loop_factory)(loop_options) = nullptr;
  /// Longest wait for the threads of the default pool at the end.
  std::chrono::nanoseconds executor_limit = std::chrono::seconds{300};
};

/// A scope in which several programs run one after the other on one loop and in
/// one context.
///
/// In the main thread Ctrl-C cancels the running program, and `run` throws
/// `keyboard_interrupt` when it has ended by that; a second Ctrl-C throws at
/// once. A handler of SIGINT that was set before is left alone.
/// @par Source
/// `asyncio.Runner`.
class runner {
public:
  /// Makes a runner; its loop is made when it is first needed.
  explicit runner(run_options options = {});

  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;

  /// Closes; errors of closing are reported, not thrown.
  ~runner();

  /// Runs `main` to its end.
  /// @param main  a coroutine.
  /// @param in  the context it runs in; the runner's own by default.
  /// @returns its result.
  /// @throws error  `errc::loop_running` inside a running loop;
  ///                `errc::loop_closed` after `close()`.
  /// @throws keyboard_interrupt  after Ctrl-C.
  /// @throws ...  its exception.
  template <class T>
  T run(coro<T> main, context in = {}) {
    begin();
    future<T> done = start(std::move(main), in);
    finish(any_task{detail::ref<detail::future_core>{done.core()}});
    return take(std::move(done));
  }

  /// As above for a coroutine function, which lives as long as it runs.
  template <coroutine_function F>
  decltype(auto) run(F&& main, context in = {}) {
    return run(detail::call_and_keep(std::decay_t<F>(std::forward<F>(main))),
               std::move(in));
  }

  /// Returns the loop.
  /// @throws error  (`errc::loop_closed`) after `close()`.
  event_loop get_loop();

  /// Cancels all tasks that are left and waits for them, closes async
  /// generators, shuts the default pool down, closes the loop. Harmless when
  /// called again.
  void close();

private:
  template <class T>
  future<T> start(coro<T> main, const context& in) {
    return loop_.create_task(std::move(main),
                             task_options{.context = in ? in : context_},
                             detail::site{"main", "", 0});
  }

  template <class T>
  static T take(future<T> done) {
    done.core()->check_value();
    auto& slot = static_cast<detail::result_slot<T>&>(done.core()->result());
    if constexpr (std::is_reference_v<T>)
      return slot.get();
    else if constexpr (!std::is_void_v<T>)
      return std::move(slot.get());
  }

  void begin();
  void finish(const any_task& main);

  run_options options_;
  event_loop loop_;
  context context_;
  bool closed_ = false;
};

/// Runs a program: makes a loop, runs `main`, ends what is left and closes the
/// loop. Can be called again in the same process.
/// @param main  a coroutine.
/// @param options  workers, debug mode, loop factory.
/// @returns its result.
/// @throws error  (`errc::loop_running`) inside a running loop.
/// @throws keyboard_interrupt  after Ctrl-C.
/// @throws ...  its exception.
/// @par Source
/// `asyncio.run`.
template <class T>
T run(coro<T> main, run_options options = {}) {
  runner scope{std::move(options)};
  if constexpr (std::is_void_v<T>) {
    scope.run(std::move(main));
    scope.close();
  } else if constexpr (std::is_reference_v<T>) {
    T result = scope.run(std::move(main));
    scope.close();
    return result;
  } else {
    T result = scope.run(std::move(main));
    scope.close();
    return result;
  }
}

/// As above for a coroutine function, such as a lambda with captures, which
/// lives as long as it runs.
template <coroutine_function F>
decltype(auto) run(F&& main, run_options options = {}) {
  return run(detail::call_and_keep(std::decay_t<F>(std::forward<F>(main))),
             std::move(options));
}

} // namespace troupe
