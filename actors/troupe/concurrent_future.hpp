#pragma once

#include <troupe/detail/durations.hpp>
#include <troupe/task.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>

/// @file
/// Between loops and threads that wait by blocking.

namespace troupe {

namespace detail {

// The untyped half of a future that threads wait for.
class shared_result_core {
public:
  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  bool done() const noexcept {
    return state_.load(std::memory_order_acquire) >= finished;
  }

  bool cancelled() const noexcept {
    return state_.load(std::memory_order_acquire) == cancelled_state;
  }

  // Waits at most `limit` nanoseconds; negative: as long as it takes.
  bool wait(std::int64_t limit);

  // Before it began: ends it. Later: asks whoever runs it.
  bool cancel();

  // True if the work may begin.
  bool begin() noexcept;

  void finish() noexcept;
  void finish_cancelled() noexcept;
  void check() const;

  // Calls `told` once it is done: at once if it is done already.
  void when_done(callback& told);

  // The work is a task of a loop, which can be asked to cancel itself.
  void expect_task() noexcept {
    has_task_ = true;
  }

  void attach_task(ref<future_core> task);

  result_base* result = nullptr;

protected:
  shared_result_core() = default;
  virtual ~shared_result_core();

private:
  enum state : std::uint8_t { pending, running, finished, cancelled_state };
  void end(state how) noexcept;

  std::atomic<unsigned> refs_{1};
  std::atomic<state> state_{pending};
  std::atomic<callback*> told_{nullptr};
  bool has_task_ = false;
  bool cancel_asked_ = false; // before the task was there
  ref<future_core> task_;
};

template <class T>
class shared_result final : public shared_result_core {
public:
  shared_result() noexcept {
    result = &slot;
  }

  result_slot<T> slot;
};

void start_threadsafe(loop_core& loop, frame_base* root,
                      const result_layout& layout, site made,
                      ref<shared_result_core> shared,
                      void (*move_result)(result_base& from, result_base& to));

template <class T>
void move_result(result_base& from, result_base& to) {
  auto& source = static_cast<result_slot<T>&>(from);
  auto& target = static_cast<result_slot<T>&>(to);
  if constexpr (std::is_void_v<T>)
    target.emplace();
  else if constexpr (std::is_reference_v<T>)
    target.emplace(source.get());
  else
    target.emplace(std::move(source.get()));
}

} // namespace detail

/// The result of work in another thread, for threads that wait by blocking.
/// Copies name the same result.
/// @par Source
/// `concurrent.futures.Future`.
template <class T>
class concurrent_future {
public:
  /// What `result()` gives.
  using value_type = T;

  /// Names nothing.
  concurrent_future() noexcept = default;

  /// True if there is a result, an exception, or it was cancelled.
  bool done() const noexcept {
    return core_->done();
  }

  /// True if it was cancelled.
  bool cancelled() const noexcept {
    return core_->cancelled();
  }

  /// Cancels work that has not begun; asks a task of a loop to cancel itself.
  /// @returns false if the work runs already and cannot be cancelled, or is
  ///          done.
  bool cancel() const {
    return core_->cancel();
  }

  /// Blocks until it is done.
  /// @returns a reference into the result; move-only values can be moved out.
  /// @throws cancelled_error  if it was cancelled.
  /// @throws ...  the exception.
  decltype(auto) result() const {
    core_->wait(-1);
    return read();
  }

  /// Blocks at most `limit`.
  /// @throws timeout_error  if it is not done by then; it goes on.
  template <class Rep, class Period>
  decltype(auto) result(std::chrono::duration<Rep, Period> limit) const {
    if (!core_->wait(detail::nanoseconds_of(limit)))
      throw timeout_error("concurrent_future: no result within the limit");
    return read();
  }

  /// Blocks until it is done.
  /// @returns the exception; null if there is none.
  /// @throws cancelled_error  if it was cancelled.
  std::exception_ptr exception() const {
    core_->wait(-1);
    if (core_->cancelled())
      throw cancelled_error{};
    return core_->result->error;
  }

  /// @cond PRIVATE
  explicit concurrent_future(detail::ref<detail::shared_result<T>> core)
    : core_(std::move(core)) {}

  const detail::ref<detail::shared_result<T>>& core() const noexcept {
    return core_;
  }
  /// @endcond

private:
  decltype(auto) read() const {
    core_->check();
    if constexpr (!std::is_void_v<T>)
      return static_cast<std::add_lvalue_reference_t<T>>(core_->slot.get());
  }

  detail::ref<detail::shared_result<T>> core_;
};

/// Gives a coroutine to a loop that runs in another thread.
/// @returns a future for threads. Its `cancel()` cancels the task. Waiting for
///          it on the loop's own thread never ends.
/// @throws error  (`errc::loop_closed`) if `loop` is closed.
/// @par Source
/// `asyncio.run_coroutine_threadsafe`.
template <class T>
concurrent_future<T>
run_coroutine_threadsafe(coro<T> body, const event_loop& loop,
                         detail::site here = detail::site::here()) {
  detail::ref<detail::shared_result<T>> shared{new detail::shared_result<T>,
                                               true};
  detail::start_threadsafe(
    *loop.core(), body.release(), detail::layout_of<T>, here,
    detail::ref<detail::shared_result_core>{shared.get()},
    &detail::move_result<T>);
  return concurrent_future<T>{std::move(shared)};
}

/// Makes a future of the running loop from a future for threads. Cancelling
/// either cancels the other, as far as it can be cancelled.
/// @par Source
/// `asyncio.wrap_future`.
template <class T>
future<T> wrap_future(concurrent_future<T> source) {
  auto& home = detail::need_running_loop("wrap_future()");
  future<T> reply{home};
  auto copy = [source, reply] {
    auto& slot = source.core()->slot;
    if (source.cancelled())
      reply.cancel();
    else if constexpr (std::is_copy_constructible_v<T>) {
      if (slot.failed == detail::failure::none)
        detail::set_unless_done(reply, slot.get()); // others may read it too
      else
        detail::copy_unless_done(reply, slot);
    } else {
      detail::copy_unless_done(reply, slot);
    }
  };
  reply.add_done_callback([source](const future<T>& done) {
    if (done.cancelled())
      source.cancel();
  });
  auto* told
    = new detail::callback_of<decltype(copy)>(home, {}, std::move(copy));
  told->threadsafe = true;
  source.core()->when_done(*told);
  return reply;
}

} // namespace troupe
