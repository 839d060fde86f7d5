#pragma once

#include <troupe/loop.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace caf {
class actor;
}

namespace troupe {

/// Tasks that share plain variables: one step of one member runs at a time,
/// also with several workers. Copies name the same group.
///
/// On a loop with one worker every task is in one group anyway.
class serial_group {
public:
  /// Makes a group on the running loop.
  /// @throws error  (`errc::no_running_loop`) outside `run()`.
  serial_group();

  /// Names the same group as `other`.
  serial_group(const serial_group& other) noexcept;

  /// Names the group that `other` names.
  serial_group& operator=(serial_group other) noexcept;

  /// Members keep the group: its handles may go before they end.
  ~serial_group();

  /// @cond PRIVATE
  detail::serial_queue* queue() const noexcept {
    return queue_;
  }
  /// @endcond

private:
  detail::serial_queue* queue_;
};

/// How a task is made.
///
/// No member owns memory on purpose: g++ 12 copies braced aggregates in an
/// awaiting expression byte by byte, which strings do not survive.
struct task_options {
  /// The name, copied by the call; "Task-N" with a rising N if empty.
  std::string_view name = {};
  /// A context to share; a copy of the maker's if empty.
  troupe::context context = {};
  /// The group whose members run one step at a time; none if null. It must
  /// outlive the call.
  const serial_group* group = nullptr;
  /// 1: runs inside `create_task` until it first suspends; 0: starts later;
  /// -1: as the loop's task factory says.
  int eager_start = -1;
};

namespace detail {

// Makes the actor of a task, with `size` bytes for its result behind it.
struct result_layout {
  std::size_t size;
  std::size_t align;
  result_base& (*construct)(void* memory);
  void (*destroy)(result_base& result) noexcept;
  std::string (*text)(result_base& result);
};

template <class T>
inline constexpr result_layout layout_of{
  sizeof(result_slot<T>), alignof(result_slot<T>),
  [](void* memory) -> result_base& {
    static_assert(alignof(result_slot<T>) <= alignof(std::max_align_t),
                  "a task's result must not be over-aligned");
    return *::new (memory) result_slot<T>;
  },
  [](result_base& result) noexcept {
    static_cast<result_slot<T>&>(result).~result_slot<T>();
  },
  &text_of_result<T>};

task_base* spawn_task(loop_core& home, frame_base* root,
                      const result_layout& layout, site made, task_plan&& plan);

task_plan plan_of(task_options&& options);

} // namespace detail

/// A handle to any task, whatever its result is. Copies name the same task.
class any_task : public any_future {
public:
  /// Names no task.
  any_task() noexcept = default;

  /// Returns the name.
  std::string get_name() const;

  /// Changes the name.
  void set_name(std::string name) const;

  /// Returns how many calls of `cancel()` were not taken back.
  int cancelling() const noexcept;

  /// Takes back one `cancel()`; at 0 also an interruption that was not yet
  /// delivered.
  /// @returns how many are left.
  int uncancel() const noexcept;

  /// Returns the await chain of the task, innermost first, as
  /// `function (file:line)`; empty when it is done and, with several workers,
  /// while it runs elsewhere or is about to.
  std::vector<std::string> get_stack() const;

  /// Writes `get_stack()` to standard error, one place a line.
  void print_stack() const;

  /// Returns the CAF handle of the task. It can be monitored, linked and sent
  /// to like any actor; an exit message with a reason cancels the task. Its end
  /// is told to monitors and links: no reason for a result, the exit's reason
  /// (or `caf::exit_reason::user_shutdown`) for a cancellation,
  /// `caf::sec::runtime_error` for an exception.
  ///
  /// Include `<troupe/caf.hpp>` to call it.
  /// @throws error  (`errc::loop_closed`) if nobody asked for the handle before
  ///                the loop was closed.
  caf::actor actor() const;

  /// @cond PRIVATE
  explicit any_task(detail::ref<detail::future_core> core) noexcept
    : any_future(std::move(core)) {}
  /// @endcond
};

/// A task actor that runs a `coro<T>`: a mailbox, a step at a time, and a reply
/// that is a future. Copies of the handle name the same task. The runtime keeps
/// a task until it ends, so the handle may be dropped.
///
/// `cancel()` asks: `cancelled_error` is thrown at the await where the task
/// stands, or at its next one; a task that has not begun never runs. The task
/// may clean up, or swallow it and go on.
/// @tparam T  what the coroutine returns.
/// @par Source
/// `asyncio.Task`.
template <class T = void>
class task : public future<T> {
public:
  /// Names no task.
  task() noexcept = default;

  /// A task can stand where any task can.
  operator any_task() const noexcept {
    return any_task{this->core_};
  }

  /// As `any_task::get_name`.
  std::string get_name() const {
    return any_task{*this}.get_name();
  }

  /// As `any_task::set_name`.
  void set_name(std::string name) const {
    any_task{*this}.set_name(std::move(name));
  }

  /// As `any_task::cancelling`.
  int cancelling() const noexcept {
    return any_task{*this}.cancelling();
  }

  /// As `any_task::uncancel`.
  int uncancel() const noexcept {
    return any_task{*this}.uncancel();
  }

  /// As `any_task::get_stack`.
  std::vector<std::string> get_stack() const {
    return any_task{*this}.get_stack();
  }

  /// As `any_task::print_stack`.
  void print_stack() const {
    any_task{*this}.print_stack();
  }

  /// As `any_task::actor`. Include `<troupe/caf.hpp>` to call it.
  caf::actor actor() const;

  /// @cond PRIVATE
  explicit task(detail::ref<detail::future_core> core) noexcept
    : future<T>(std::move(core)) {}
  /// @endcond
};

namespace detail {

template <class T>
task<T> spawn(loop_core& home, coro<T>& body, site made, task_plan&& plan) {
  return task<T>{ref<future_core>{
    spawn_task(home, body.release(), layout_of<T>, made, std::move(plan)),
    true}};
}

} // namespace detail

/// Makes a task of a coroutine on the running loop. It does not start it: the
/// task begins when its maker next suspends, in the order of the calls.
/// @param body  a coroutine that was not awaited.
/// @throws error  `errc::no_running_loop`, `errc::loop_closed`;
///                `errc::awaited_twice` if `body` was awaited before.
/// @par Source
/// `asyncio.create_task`.
template <class T>
task<T> create_task(coro<T> body, detail::site here = detail::site::here()) {
  // First: if it throws, the coroutine is still owned.
  auto& loop = detail::need_running_loop("create_task()");
  return detail::spawn(loop, body, here, {});
}

/// As above with a name, a context, a serial group or eager start.
template <class T>
task<T> create_task(coro<T> body, task_options options,
                    detail::site here = detail::site::here()) {
  auto& loop = detail::need_running_loop("create_task()");
  return detail::spawn(loop, body, here, detail::plan_of(std::move(options)));
}

/// As above with a name.
template <class T>
task<T> create_task(coro<T> body, std::string_view name,
                    detail::site here = detail::site::here()) {
  return create_task(std::move(body), task_options{.name = name}, here);
}

namespace detail {

template <class T>
inline constexpr bool is_coro = false;
template <class T>
inline constexpr bool is_coro<coro<T>> = true;

// Keeps a callable alive as long as the coroutine that it returned.
template <class F, class T = typename std::invoke_result_t<F&>::value_type>
coro<T> call_and_keep(F function) {
  if constexpr (std::is_void_v<T>)
    co_await function();
  else
    co_return co_await function();
}

template <class Awaitable>
using await_result = decltype(find_awaiter(std::declval<Awaitable>()).resume());

template <class Awaitable, class T>
coro<T> await_in_task(Awaitable x) {
  if constexpr (std::is_void_v<T>)
    co_await std::move(x);
  else
    co_return co_await std::move(x);
}

} // namespace detail

/// A callable that returns a coroutine, such as a lambda with captures.
template <class F>
concept coroutine_function
  = requires(std::decay_t<F>& f) { requires detail::is_coro<decltype(f())>; };

/// Makes a task of a coroutine function; the function with its captures lives
/// as long as the task.
template <coroutine_function F>
auto create_task(F&& function, task_options options = {},
                 detail::site here = detail::site::here()) {
  return create_task(
    detail::call_and_keep(std::decay_t<F>(std::forward<F>(function))),
    std::move(options), here);
}

/// Returns a task or future for anything that can be awaited: futures and tasks
/// as they are, coroutines and other awaitables as new tasks.
/// @par Source
/// `asyncio.ensure_future`.
template <class T>
future<T> ensure_future(future<T> x) {
  return x;
}

/// As above: the same task comes back.
template <class T>
task<T> ensure_future(task<T> x) {
  return x;
}

/// As above: a coroutine becomes a task.
template <class T>
task<T> ensure_future(coro<T> x, detail::site here = detail::site::here()) {
  return create_task(std::move(x), here);
}

/// As above: a task that awaits `x`.
template <detail::awaitable A>
  requires(!is_future<std::remove_cvref_t<A>>
           && !detail::is_coro<std::remove_cvref_t<A>>)
auto ensure_future(A&& x, detail::site here = detail::site::here()) {
  using bare = std::remove_cvref_t<A>;
  using T = detail::await_result<bare>;
  return create_task(detail::await_in_task<bare, T>(std::forward<A>(x)), here);
}

/// Returns the task that runs on this thread; an empty handle inside a plain
/// callback.
/// @throws error  (`errc::no_running_loop`) outside a loop.
/// @par Source
/// `asyncio.current_task`.
any_task current_task();

/// Returns all tasks of the running loop that are not done, in the order of
/// their making.
/// @throws error  (`errc::no_running_loop`) outside a loop.
/// @par Source
/// `asyncio.all_tasks`.
std::vector<any_task> all_tasks();

/// As above, of `loop`; from any thread.
std::vector<any_task> all_tasks(const event_loop& loop);

// -- members of event_loop that make tasks ------------------------------------

template <class T>
task<T> event_loop::create_task(coro<T> body, detail::site here) {
  return detail::spawn(*core_, body, here, {});
}

template <class T>
task<T> event_loop::create_task(coro<T> body, task_options options,
                                detail::site here) {
  return detail::spawn(*core_, body, here, detail::plan_of(std::move(options)));
}

template <class T>
T event_loop::run_until_complete(coro<T> main) {
  future<T> done = create_task(std::move(main), detail::site{"main", "", 0});
  run_until_done(done);
  return finished_value<T>(done);
}

} // namespace troupe
