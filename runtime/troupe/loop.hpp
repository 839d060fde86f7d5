#pragma once

#include <troupe/context.hpp>
#include <troupe/detail/callback.hpp>
#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/handle.hpp>
#include <troupe/sleep.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace troupe {

template <class T>
class task;
class any_task;
class thread_pool;
class event_loop;
struct task_options;

/// What an exception handler is told.
/// @par Source
/// The context dictionary of `loop.call_exception_handler`.
struct error_context {
  /// What happened, in one sentence.
  std::string message;
  /// The exception; null if there is none.
  std::exception_ptr exception = nullptr;
  /// The task or future that is concerned, as text; empty if none.
  std::string future = {};
  /// The callback that is concerned, as text; empty if none.
  std::string handle = {};
  /// The transport that is concerned, as text; empty if none.
  std::string transport = {};
  /// The await chain of the exception, innermost first; empty if unknown.
  std::string await_chain = {};
};

/// How a loop makes tasks.
enum class task_factory {
  lazy,  ///< A task starts when its maker next suspends.
  eager, ///< A task runs inside `create_task` until it first suspends.
};

/// For `set_task_factory`: tasks start inside `create_task`.
/// @par Source
/// `asyncio.eager_task_factory`.
inline constexpr task_factory eager_task_factory = task_factory::eager;

/// How a loop is made.
struct loop_options {
  /// Number of workers. 1: all runs on the thread that calls `run`, in exactly
  /// asyncio's order. More: tasks run in parallel, each one step at a time.
  unsigned threads = 1;
  /// Debug mode: 1 on, 0 off, -1 as the environment variable `TROUPE_DEBUG`
  /// says.
  int debug = -1;
};

namespace detail {
class simulated_world;

// A function of the user that gets errors.
class error_handler {
public:
  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  virtual void call(event_loop& loop, const error_context& what) = 0;

protected:
  virtual ~error_handler() = default;

private:
  std::atomic<unsigned> refs_{1};
};

template <class F>
class error_handler_of final : public error_handler {
public:
  explicit error_handler_of(F&& function) : function_(std::move(function)) {}

  void call(event_loop& loop, const error_context& what) override {
    function_(loop, what);
  }

private:
  F function_;
};

} // namespace detail

/// The scheduler of one program: it runs ready tasks and callbacks, timers and
/// I/O. A handle; copies name the same loop. `run()` makes and closes one, so
/// most programs never name it.
///
/// Only `call_soon_threadsafe`, `run_coroutine_threadsafe`, `stop`, the
/// cancelling of tasks and the completing of futures are for foreign threads.
/// @par Source
/// `asyncio.AbstractEventLoop`.
class event_loop {
public:
  /// Names no loop.
  event_loop() noexcept = default;

  // -- running ----------------------------------------------------------------

  /// Runs until `main` is done.
  /// @param main  a coroutine, which becomes a task, or a future or task of
  ///              this loop.
  /// @returns its result.
  /// @throws error  `errc::loop_stopped` if `stop()` was called before it was
  ///                done; `errc::wrong_loop`; `errc::loop_running`;
  ///                `errc::loop_closed`.
  /// @throws ...  its exception.
  template <class T>
  T run_until_complete(coro<T> main);

  /// As above, for a future or task.
  template <class T>
  T run_until_complete(future<T> main) {
    run_until_done(main);
    return finished_value<T>(main);
  }

  /// Runs until `stop()` is called.
  /// @throws error  `errc::loop_running`, `errc::loop_closed`.
  void run_forever();

  /// Ends `run_forever` after the present turn: callbacks of this turn still
  /// run, later ones wait for the next run. From any thread.
  void stop();

  /// Ends the loop for good: pending callbacks are dropped, tasks that are not
  /// done are reported. Harmless when called again.
  /// @throws error  `errc::loop_running` while it runs.
  void close();

  /// True while it runs.
  bool is_running() const noexcept;

  /// True after `close()`.
  bool is_closed() const noexcept;

  // -- callbacks --------------------------------------------------------------

  /// Calls `function()` in the next turn, in the order of the calls.
  /// @throws error  `errc::loop_closed`; in debug mode `errc::wrong_thread`.
  template <std::invocable F>
  handle call_soon(F&& function, detail::site here = detail::site::here()) {
    return handle{soon(std::forward<F>(function), here)};
  }

  /// As above, in the context `in`.
  template <std::invocable F>
  handle call_soon(F&& function, context in,
                   detail::site here = detail::site::here()) {
    return handle{soon(std::forward<F>(function), here, in)};
  }

  /// As above; calls `function(first, more...)`.
  template <class F, class First, class... More>
    requires std::invocable<std::decay_t<F>&, std::decay_t<First>,
                            std::decay_t<More>...>
  handle call_soon(F&& function, First&& first, More&&... more) {
    return handle{soon(detail::bind_all(std::forward<F>(function),
                                        std::forward<First>(first),
                                        std::forward<More>(more)...),
                       {})};
  }

  /// As `call_soon`, from any thread; wakes the loop.
  template <std::invocable F>
  handle call_soon_threadsafe(F&& function,
                              detail::site here = detail::site::here()) {
    return handle{threadsafe(std::forward<F>(function), here)};
  }

  /// As above; calls `function(first, more...)`.
  template <class F, class First, class... More>
    requires std::invocable<std::decay_t<F>&, std::decay_t<First>,
                            std::decay_t<More>...>
  handle call_soon_threadsafe(F&& function, First&& first, More&&... more) {
    return handle{threadsafe(detail::bind_all(std::forward<F>(function),
                                              std::forward<First>(first),
                                              std::forward<More>(more)...),
                             {})};
  }

  /// Calls `function()` after `delay`; never early. Callbacks that are due at
  /// the same time run in the order of the calls.
  /// @param delay  any chrono duration; negative ones are due at once.
  /// @throws error  `errc::loop_closed`; in debug mode `errc::wrong_thread`.
  template <class Rep, class Period, std::invocable F>
  timer_handle call_later(std::chrono::duration<Rep, Period> delay,
                          F&& function,
                          detail::site here = detail::site::here()) {
    return at(after(delay), std::forward<F>(function), here);
  }

  /// As above; calls `function(first, more...)`.
  template <class Rep, class Period, class F, class First, class... More>
    requires std::invocable<std::decay_t<F>&, std::decay_t<First>,
                            std::decay_t<More>...>
  timer_handle call_later(std::chrono::duration<Rep, Period> delay,
                          F&& function, First&& first, More&&... more) {
    return at(after(delay),
              detail::bind_all(std::forward<F>(function),
                               std::forward<First>(first),
                               std::forward<More>(more)...),
              {});
  }

  /// Calls `function()` at the point `when` of the loop's clock.
  template <std::invocable F>
  timer_handle call_at(loop_time when, F&& function,
                       detail::site here = detail::site::here()) {
    return at(when.time_since_epoch().count(), std::forward<F>(function), here);
  }

  /// As above; calls `function(first, more...)`.
  template <class F, class First, class... More>
    requires std::invocable<std::decay_t<F>&, std::decay_t<First>,
                            std::decay_t<More>...>
  timer_handle call_at(loop_time when, F&& function, First&& first,
                       More&&... more) {
    return at(when.time_since_epoch().count(),
              detail::bind_all(std::forward<F>(function),
                               std::forward<First>(first),
                               std::forward<More>(more)...),
              {});
  }

  /// Returns the time on the loop's clock.
  loop_time time() const noexcept {
    return loop_time{std::chrono::nanoseconds{detail::loop_now(*core_)}};
  }

  // -- making -----------------------------------------------------------------

  /// Makes a pending future of this loop, also while it does not run.
  template <class T = void>
  future<T> create_future() const {
    return future<T>{*core_};
  }

  /// Makes a task of this loop, also while it does not run.
  /// @throws error  `errc::loop_closed`; the coroutine is closed then.
  template <class T>
  task<T> create_task(coro<T> body, detail::site here = detail::site::here());

  /// As above with a name, a context, a serial group or eager start.
  template <class T>
  task<T> create_task(coro<T> body, task_options options,
                      detail::site here = detail::site::here());

  /// Chooses whether tasks start inside `create_task`.
  void set_task_factory(task_factory how) noexcept;

  /// Returns what `set_task_factory` set.
  task_factory get_task_factory() const noexcept;

  // -- blocking work ----------------------------------------------------------

  /// Calls `function(args...)` on a thread of `pool`. Context variables are
  /// not carried; `to_thread` does that.
  /// @returns a future with what the function returns or throws.
  /// @throws error  `errc::executor_shut_down`, `errc::loop_closed`.
  template <class F, class... Args>
  auto run_in_executor(thread_pool pool, F&& function, Args&&... args)
    -> future<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>>;

  /// As above, on the loop's default pool.
  template <class F, class... Args>
    requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
  auto run_in_executor(std::nullptr_t, F&& function, Args&&... args)
    -> future<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>>;

  /// Makes `pool` the default pool.
  void set_default_executor(thread_pool pool);

  /// Waits until the default pool has finished its work and joined its
  /// threads; after that it takes no more work.
  /// @param limit  longest wait; then a warning names the number of jobs that
  ///               still run, and they are left alone.
  coro<void> shutdown_default_executor(std::chrono::nanoseconds limit
                                       = std::chrono::seconds{300});

  /// Closes all async generators that began on this loop and did not end.
  coro<void> shutdown_asyncgens();

  // -- errors -----------------------------------------------------------------

  /// Sends errors that nobody else gets to `function(loop, context)`.
  template <class F>
    requires std::invocable<std::decay_t<F>&, event_loop&, const error_context&>
  void set_exception_handler(F&& function) {
    using handler = detail::error_handler_of<std::decay_t<F>>;
    install(detail::ref<detail::error_handler>{
      new handler(std::decay_t<F>(std::forward<F>(function))), true});
  }

  /// Brings back the default handler.
  void set_exception_handler(std::nullptr_t) {
    install(nullptr);
  }

  /// True if a handler of the user is set.
  bool has_exception_handler() const noexcept;

  /// Writes the error to standard error: message, object, exception, chain.
  void default_exception_handler(const error_context& what);

  /// Calls the exception handler. A handler that throws is reported by the
  /// default one; the loop goes on.
  void call_exception_handler(const error_context& what);

  // -- debugging --------------------------------------------------------------

  /// Turns debug mode on or off: slow steps are reported, calls from foreign
  /// threads refused.
  void set_debug(bool on) noexcept;

  /// True in debug mode.
  bool get_debug() const noexcept;

  /// In debug mode, steps that take longer are reported; 100 ms at first.
  void set_slow_callback_duration(std::chrono::nanoseconds limit) noexcept;

  /// Returns what `set_slow_callback_duration` set.
  std::chrono::nanoseconds get_slow_callback_duration() const noexcept;

  /// Returns the number of workers.
  unsigned threads() const noexcept;

  /// True if it names a loop.
  explicit operator bool() const noexcept {
    return core_ != nullptr;
  }

  /// Handles are equal if they name the same loop.
  friend bool operator==(const event_loop& x, const event_loop& y) noexcept {
    return x.core_ == y.core_;
  }

  /// Names the same loop as `other`.
  event_loop(const event_loop& other) noexcept;

  /// Names the loop that `other` named; `other` is empty after.
  event_loop(event_loop&& other) noexcept;

  /// Names the loop that `other` names.
  event_loop& operator=(event_loop other) noexcept;

  /// The last handle that goes does not close the loop; `close()` does.
  ~event_loop();

  /// @cond PRIVATE
  explicit event_loop(detail::loop_core& core, bool adopt = false) noexcept;

  detail::loop_core* core() const noexcept {
    return core_;
  }
  /// @endcond

private:
  friend class runner;
  friend class detail::simulated_world;

  template <class F>
  detail::ref<detail::callback> make(F&& function, detail::site made) {
    return detail::ref<detail::callback>{
      new detail::callback_of<std::decay_t<F>>(
        *core_, made, std::decay_t<F>(std::forward<F>(function))),
      true};
  }

  template <class F>
  detail::ref<detail::callback> soon(F&& function, detail::site made,
                                     const context& in = {}) {
    detail::check_thread(*core_, "call_soon()");
    auto call = make(std::forward<F>(function), made);
    call->context = in ? in.state() : detail::copy_current_context();
    call->retain_new();
    detail::submit_soon(*core_, *call);
    return call;
  }

  template <class F>
  detail::ref<detail::callback> threadsafe(F&& function, detail::site made) {
    auto call = make(std::forward<F>(function), made);
    call->context = detail::copy_current_context();
    call->threadsafe = true;
    call->retain_new();
    detail::submit_threadsafe(*core_, *call);
    return call;
  }

  template <class F>
  timer_handle at(std::int64_t deadline, F&& function, detail::site made) {
    detail::check_thread(*core_, "call_at()");
    auto call = make(std::forward<F>(function), made);
    call->context = detail::copy_current_context();
    call->retain_new();
    detail::submit_at(*core_, *call, deadline);
    return timer_handle{std::move(call)};
  }

  template <class Rep, class Period>
  std::int64_t after(std::chrono::duration<Rep, Period> delay) const {
    return detail::deadline_after(detail::loop_recent_now(*core_),
                                  detail::nanoseconds_of(delay));
  }

  template <class T>
  static T finished_value(const future<T>& done) {
    done.core()->check_value();
    auto& slot = static_cast<detail::result_slot<T>&>(done.core()->result());
    if constexpr (std::is_reference_v<T>)
      return slot.get();
    else if constexpr (std::is_copy_constructible_v<T>)
      return done.core()->unique() ? std::move(slot.get()) : slot.get();
    else if constexpr (!std::is_void_v<T>)
      return std::move(slot.get());
  }

  void run_until_done(const any_future& main);
  void install(detail::ref<detail::error_handler> handler);

  detail::loop_core* core_ = nullptr;
};

/// Makes a loop. Close it when it is no longer used.
/// @throws std::invalid_argument  if `threads` is 0 or above 1,024.
/// @par Source
/// `asyncio.new_event_loop`.
event_loop new_event_loop(loop_options options = {});

/// Returns the loop that runs on this thread.
/// @throws error  (`errc::no_running_loop`) if there is none.
/// @par Source
/// `asyncio.get_running_loop`.
event_loop get_running_loop();

/// Returns the running loop, else the one that `set_event_loop` named.
/// @throws error  (`errc::no_running_loop`) if there is neither.
/// @par Source
/// `asyncio.get_event_loop` of Python 3.14.
event_loop get_event_loop();

/// Makes `loop` this thread's loop for `get_event_loop`; an empty handle takes
/// it back.
void set_event_loop(event_loop loop);

/// Returns the await chain of an exception that is being handled:
/// `function (file:line) <- function (file:line)`; empty if it is unknown.
/// @param problem  the exception that left a task on this thread last.
std::string await_chain(const std::exception_ptr& problem
                        = std::current_exception());

} // namespace troupe
