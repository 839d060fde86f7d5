#pragma once

#include <troupe/concurrent_future.hpp>
#include <troupe/task.hpp>

#include <string>

namespace troupe {

namespace detail {

class pool_core;

// A job of a pool. The pool holds one count; `execute` gives it on.
class pool_job {
public:
  // Runs the function, on a thread of the pool.
  virtual void execute() noexcept = 0;

  // The pool was shut down before the job began.
  virtual void discard() noexcept = 0;

  pool_job* next_job = nullptr; // that waits in the pool

protected:
  virtual ~pool_job() = default;
};

// Calls `function` and keeps what it returns or throws.
template <class T, class F>
void fill_result(result_slot<T>& slot, F& function) noexcept {
  try {
    if constexpr (std::is_void_v<T>) {
      function();
      slot.emplace();
    } else {
      slot.emplace(function());
    }
  } catch (...) {
    slot.error = std::current_exception();
    slot.failed = failure::error;
  }
}

} // namespace detail

/// Owns threads for blocking work. Jobs begin in the order in
/// which they came, at most as many at a time as there are threads. Copies name
/// the same pool; the last one that goes shuts it down.
/// @par Source
/// `concurrent.futures.ThreadPoolExecutor`.
class thread_pool {
public:
  /// Makes a pool.
  /// @param threads  1 to 1,024; 0 stands for `min(32, cores + 4)`.
  /// @param name  of its threads, which get "-N" appended; at most 15
  ///              characters of it are seen in the system.
  /// @throws std::invalid_argument  if there are more threads than that.
  explicit thread_pool(unsigned threads = 0, std::string name = "troupe");

  /// Names the same pool as `other`.
  thread_pool(const thread_pool& other) noexcept;

  /// Names the pool that `other` names.
  thread_pool& operator=(thread_pool other) noexcept;

  /// The last handle that goes takes no more jobs, lets those given before run
  /// and joins the threads: it blocks.
  ~thread_pool();

  /// Gives a job to the pool, from any thread.
  /// @returns a future for threads; `run_in_executor` gives one for tasks.
  /// @throws error  (`errc::executor_shut_down`) after `shutdown()`.
  template <class F, class... Args>
  auto submit(F&& function, Args&&... args) -> concurrent_future<
    std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>>;

  /// Takes no more jobs; those given before still run.
  /// @param wait  blocks until the threads have ended.
  void shutdown(bool wait = true);

  /// Returns the number of threads.
  unsigned threads() const noexcept;

  /// @cond PRIVATE
  explicit thread_pool(detail::pool_core* core) noexcept;

  detail::pool_core* core() const noexcept {
    return core_;
  }
  /// @endcond

private:
  detail::pool_core* core_;
};

namespace detail {

void submit_job(pool_core& pool, pool_job& job);
thread_pool default_pool(loop_core& loop);

// Gives a finished job back to its loop; false if the loop is closed.
bool submit_finished(loop_core& loop, job& item) noexcept;

// A function on its way to a thread and its result on the way back.
template <class T, class F>
class executor_call final : public pool_job, public job {
public:
  executor_call(loop_core& home, F&& function)
    : function_(std::move(function)), home_(&home), reply_(home) {
    retain_loop(home);
  }

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  const future<T>& reply() const noexcept {
    return reply_;
  }

  void execute() noexcept override {
    if (!reply_.done()) {
      context_scope scope{context};
      fill_result(slot_, function_);
    }
    come_back();
  }

  void discard() noexcept override {
    slot_.error = std::make_exception_ptr(error(
      errc::executor_shut_down, "thread_pool: shut down before the job began"));
    slot_.failed = failure::error;
    come_back();
  }

  void run() override {
    copy_unless_done(reply_, slot_);
    delete this;
  }

  context_ref context;

private:
  ~executor_call() override {
    release_loop(*home_);
  }

  void come_back() noexcept {
    if (!submit_finished(*home_, *this))
      delete this;
  }

  F function_;
  loop_core* home_;
  future<T> reply_;
  result_slot<T> slot_;
};

template <class F>
auto call_in_pool(loop_core& home, pool_core& pool, F&& function,
                  context_ref context) {
  using T = std::invoke_result_t<std::decay_t<F>&>;
  auto* call = new executor_call<T, std::decay_t<F>>(
    home, std::decay_t<F>(std::move(function)));
  call->context = std::move(context);
  auto reply = call->reply();
  try {
    submit_job(pool, *call);
  } catch (...) {
    reply.cancel();
    static_cast<job*>(call)->run();
    throw;
  }
  return reply;
}

// A function for a thread, with a result for a thread.
template <class T, class F>
class thread_call final : public pool_job {
public:
  explicit thread_call(F&& function)
    : shared(new shared_result<T>, true), function_(std::move(function)) {}

  void execute() noexcept override {
    if (shared->begin()) {
      fill_result(shared->slot, function_);
      shared->finish();
    }
    delete this;
  }

  void discard() noexcept override {
    shared->cancel();
    delete this;
  }

  ref<shared_result<T>> shared;

private:
  F function_;
};

} // namespace detail

template <class F, class... Args>
auto thread_pool::submit(F&& function, Args&&... args) -> concurrent_future<
  std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>> {
  using T = std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>;
  auto bound
    = detail::bind_all(std::forward<F>(function), std::forward<Args>(args)...);
  auto* call = new detail::thread_call<T, decltype(bound)>(std::move(bound));
  auto shared = call->shared;
  try {
    detail::submit_job(*core_, *call);
  } catch (...) {
    call->discard();
    throw;
  }
  return concurrent_future<T>{std::move(shared)};
}

template <class F, class... Args>
auto event_loop::run_in_executor(thread_pool pool, F&& function, Args&&... args)
  -> future<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>> {
  return detail::call_in_pool(
    *core_, *pool.core(),
    detail::bind_all(std::forward<F>(function), std::forward<Args>(args)...),
    nullptr);
}

template <class F, class... Args>
  requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
auto event_loop::run_in_executor(std::nullptr_t, F&& function, Args&&... args)
  -> future<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>> {
  return run_in_executor(detail::default_pool(*core_),
                         std::forward<F>(function),
                         std::forward<Args>(args)...);
}

/// Calls `function(args...)` on a thread of the default pool, with the caller's
/// context variables.
/// @returns a future with what the function returns or throws.
/// @throws error  `errc::no_running_loop`; `errc::executor_shut_down`.
/// @par Cancellation
/// The await ends at once. A job that has not begun is dropped; a running one
/// goes on, and its result is thrown away.
/// @par Source
/// `asyncio.to_thread`.
template <class F, class... Args>
  requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
[[nodiscard]] auto to_thread(F&& function, Args&&... args) {
  detail::loop_core& home = detail::need_running_loop("to_thread()");
  return detail::call_in_pool(
    home, *detail::default_pool(home).core(),
    detail::bind_all(std::forward<F>(function), std::forward<Args>(args)...),
    detail::copy_current_context());
}

} // namespace troupe
