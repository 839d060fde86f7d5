#pragma once

#include <troupe/context.hpp>
#include <troupe/coro.hpp>
#include <troupe/detail/future_core.hpp>
#include <troupe/detail/task_base.hpp>
#include <troupe/error.hpp>

#include <iosfwd>
#include <string>
#include <typeinfo>

namespace troupe {

class event_loop;

template <class T = void>
class future;

namespace detail {

// Waits in a future's line.
class future_op_base : public op, public future_waiter {
public:
  explicit future_op_base(ref<future_core> target) noexcept
    : future_waiter(waiter_kind::op), target_(std::move(target)) {}

  bool ready(frame_base& frame);
  bool start() override;
  bool request_cancel(const std::string& message) override;
  bool retract() noexcept override;
  void withdraw() noexcept override;
  std::string describe() const override;
  const task_base* blocked_by() const noexcept override;
  bool may_end(wait_search& search) const override;

  static constexpr bool is_selectable = true;

protected:
  void check() const;

  enum class misuse : std::uint8_t { none, wrong_loop, itself };
  misuse misuse_ = misuse::none;
  bool last_ = false; // the only handle was given to us
  ref<future_core> target_;
};

template <class T>
class future_op final : public future_op_base {
public:
  // `last`: the handle was given away, so the value may be moved out if nobody
  // else has one.
  future_op(ref<future_core> target, bool last) noexcept
    : future_op_base(std::move(target)) {
    last_ = last;
  }

  T resume() {
    check();
    auto& slot = static_cast<result_slot<T>&>(target_->result());
    if constexpr (std::is_reference_v<T>) {
      return slot.get();
    } else if constexpr (std::is_copy_constructible_v<T>) {
      if (last_ && target_->unique())
        return std::move(slot.get());
      return slot.get();
    } else {
      return std::move(slot.get());
    }
  }
};

template <>
class future_op<void> final : public future_op_base {
public:
  future_op(ref<future_core> target, bool) noexcept
    : future_op_base(std::move(target)) {}

  void resume() const {
    check();
  }
};

// Two callables are the same if they compare equal, or if they are of one type
// without any state (function pointers, lambdas that capture nothing).
template <class F>
bool same_callable(const F& x, const F& y) noexcept {
  if constexpr (std::is_empty_v<F>)
    return true;
  else if constexpr (requires {
                       { x == y } -> std::convertible_to<bool>;
                     })
    return x == y;
  else
    return false;
}

template <class Future, class F>
class done_callback_of final : public done_callback {
public:
  done_callback_of(loop_core& home, site made, F&& function)
    : done_callback(home, made), function_(std::move(function)) {}

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  bool same_as(const done_callback& other) const noexcept override {
    if (typeid(*this) != typeid(other))
      return false;
    return same_callable(function_,
                         static_cast<const done_callback_of&>(other).function_);
  }

private:
  ~done_callback_of() override = default;

  void invoke() override {
    if constexpr (std::is_invocable_v<F&, Future>)
      function_(Future{std::move(subject)});
    else
      function_();
  }

  void drop() noexcept override {
    subject = nullptr;
  }

  void destroy() noexcept override {
    delete this;
  }

  F function_;
};

} // namespace detail

/// A handle to any future or task, whatever its result is. Copies name the
/// same future.
class any_future {
public:
  /// Names no future.
  any_future() noexcept = default;

  /// True if it names a future.
  explicit operator bool() const noexcept {
    return static_cast<bool>(core_);
  }

  /// True if it has a result or an exception, or was cancelled.
  bool done() const noexcept {
    return core_->done();
  }

  /// True if it was cancelled. A task is cancelled only when its body ended.
  bool cancelled() const noexcept {
    return core_->state() == detail::future_state::cancelled;
  }

  /// Cancels: a future at once; a task is asked to, see `task<T>`.
  /// @param message  carried by the `cancelled_error`.
  /// @returns false if it was done before; then nothing happens.
  bool cancel(std::string message = {}) const {
    return core_->cancel(message);
  }

  /// Returns the exception; null if there is none. Marks it as retrieved.
  /// @throws cancelled_error  if it was cancelled.
  /// @throws invalid_state_error  if it is not done.
  std::exception_ptr exception() const {
    return core_->exception();
  }

  /// Calls `function` on the loop after the future is done; never inside this
  /// call, also if it is done already. Callbacks and waiting tasks go on in the
  /// order in which they came.
  /// @param function  takes the future, or nothing.
  /// @param in  the context it runs in; a copy of the present one by default.
  /// @returns a number for `remove_done_callback`.
  template <class F>
  std::uint64_t add_done_callback(F function, context in = {},
                                  detail::site here
                                  = detail::site::here()) const {
    return add_callback<any_future>(std::move(function), in, here);
  }

  /// Takes back all callbacks that are equal to `function`: those that compare
  /// equal, and callables of the same type without state.
  /// @returns how many there were.
  template <class F>
    requires(!std::is_integral_v<F>)
  std::size_t remove_done_callback(F function) const {
    return remove_callback<any_future>(std::move(function));
  }

  /// Takes back the callback with this number.
  /// @returns 1, or 0 if it was called or taken back before.
  std::size_t remove_done_callback(std::uint64_t number) const {
    return core_->remove_callback(number);
  }

  /// Returns the loop that the future belongs to.
  event_loop get_loop() const;

  /// Returns the await chain of the exception, innermost first, as
  /// `function (file:line) <- function (file:line)`; empty if there is none. A
  /// cancellation has no chain.
  std::string await_chain() const;

  /// Handles are equal if they name the same future.
  friend bool operator==(const any_future& x, const any_future& y) noexcept {
    return x.core_ == y.core_;
  }

  /// Waits until the future is done, whatever its result is.
  /// @throws ...  the future's exception, or `cancelled_error`.
  /// @par Cancellation
  /// Cancels the future.
  detail::future_op<void> operator co_await() const noexcept {
    return {core_, false};
  }

  /// @cond PRIVATE
  explicit any_future(detail::ref<detail::future_core> core) noexcept
    : core_(std::move(core)) {}

  detail::ref<detail::future_core> take_core() noexcept {
    return std::move(core_);
  }

  detail::future_core* core() const noexcept {
    return core_.get();
  }
  /// @endcond

protected:
  /// @cond PRIVATE
  template <class Future, class F>
  std::uint64_t add_callback(F&& function, const context& in,
                             detail::site here) const {
    using callback = detail::done_callback_of<Future, std::decay_t<F>>;
    auto* made
      = new callback(core_->home(), here, std::decay_t<F>(std::move(function)));
    made->context = in ? in.state() : detail::copy_current_context();
    return core_->add_callback(*made);
  }

  template <class Future, class F>
  std::size_t remove_callback(F&& function) const {
    using callback = detail::done_callback_of<Future, std::decay_t<F>>;
    detail::ref<callback> like{
      new callback(core_->home(), {}, std::decay_t<F>(std::move(function))),
      true};
    return core_->remove_callbacks(*like);
  }

  detail::ref<detail::future_core> core_;
  /// @endcond
};

/// Returns the printable text: state, place, what it waits for; the exception,
/// or the result if that is a number or a text. With several workers only of a
/// task that waits it can be said where, and for what.
std::string to_string(const any_future& x);

/// Writes the printable text.
template <class Char, class Traits>
std::basic_ostream<Char, Traits>&
operator<<(std::basic_ostream<Char, Traits>& out, const any_future& x) {
  return out << to_string(x).c_str();
}

/// The reply: a result, an exception or "cancelled", set once, awaited by any
/// number of tasks. Copies of the handle name the same future.
///
/// An exception that nobody reads is reported when the last handle goes.
/// @tparam T  a value (move-only values too), a reference or `void`.
/// @par Source
/// `asyncio.Future`.
template <class T>
class future : public any_future {
public:
  /// What `co_await` gives.
  using value_type = T;

  /// Names no future.
  future() noexcept = default;

  /// Makes a pending future on the running loop.
  /// @throws error  (`errc::no_running_loop`) outside `run()`.
  static future make() {
    return future{detail::need_running_loop("future::make()")};
  }

  /// Reads the result.
  /// @returns a reference into the future, valid as long as a handle is.
  /// @throws invalid_state_error  if it is not done.
  /// @throws cancelled_error  if it was cancelled.
  /// @throws ...  the exception, if it has one.
  decltype(auto) result() const {
    core_->check_value();
    if constexpr (std::is_reference_v<T>)
      return static_cast<T>(slot().get());
    else if constexpr (!std::is_void_v<T>)
      return static_cast<const T&>(slot().get());
  }

  /// Completes the future with a value. Waiters go on in a later turn.
  /// @param value  what `T` can be made of; nothing for `void`.
  /// @throws invalid_state_error  if it is done.
  /// @throws error  (`errc::not_supported`) if it is a task.
  template <class... Value>
    requires(sizeof...(Value) <= 1)
  void set_result(Value&&... value) const {
    core_->claim("set_result");
    try {
      slot().emplace(std::forward<Value>(value)...);
    } catch (...) {
      core_->unclaim();
      throw;
    }
    core_->complete(detail::future_state::finished);
  }

  /// Completes the future with an exception.
  /// @param problem  not null.
  /// @throws invalid_state_error  if it is done.
  /// @throws std::invalid_argument  if `problem` is null.
  void set_exception(std::exception_ptr problem) const {
    if (!problem)
      throw std::invalid_argument("set_exception: the exception is null");
    core_->claim("set_exception");
    core_->fail(std::move(problem));
  }

  /// Completes the future with an exception object.
  template <class E>
    requires(!std::same_as<std::remove_cvref_t<E>, std::exception_ptr>)
  void set_exception(E&& problem) const {
    set_exception(std::make_exception_ptr(std::forward<E>(problem)));
  }

  /// As `any_future::add_done_callback`; the function gets a `future<T>`.
  template <class F>
  std::uint64_t add_done_callback(F function, context in = {},
                                  detail::site here
                                  = detail::site::here()) const {
    return add_callback<future>(std::move(function), in, here);
  }

  /// As `any_future::remove_done_callback`.
  template <class F>
    requires(!std::is_integral_v<F>)
  std::size_t remove_done_callback(F function) const {
    return remove_callback<future>(std::move(function));
  }

  using any_future::remove_done_callback;

  /// Waits for the result; does not suspend if it is there. A copyable value
  /// is copied, so that others can read it; from a temporary handle that is the
  /// last one it is moved. A move-only value goes to the first who awaits.
  /// @throws cancelled_error  if the future or the waiting task is cancelled.
  /// @throws ...  the exception, if it has one.
  /// @par Cancellation
  /// Cancels the future, as in asyncio; all who await it see that.
  detail::future_op<T> operator co_await() const& noexcept {
    return {core_, false};
  }

  /// As above, for a temporary.
  detail::future_op<T> operator co_await() && noexcept {
    return {std::move(core_), true};
  }

  /// @cond PRIVATE
  explicit future(detail::loop_core& home)
    : any_future(detail::ref<detail::future_core>{
        new detail::future_cell<T>(home), true}) {}

  explicit future(detail::ref<detail::future_core> core) noexcept
    : any_future(std::move(core)) {}
  /// @endcond

protected:
  /// @cond PRIVATE
  detail::result_slot<T>& slot() const noexcept {
    return static_cast<detail::result_slot<T>&>(core_->result());
  }
  /// @endcond
};

namespace detail {

// Sets a value unless the future is done already, for instance cancelled by
// another worker a moment ago.
template <class T, class... Value>
void set_unless_done(const future<T>& target, Value&&... value) {
  future_core& core = *target.core();
  if (!core.try_claim())
    return;
  static_cast<result_slot<T>&>(core.result())
    .emplace(std::forward<Value>(value)...);
  core.complete(future_state::finished);
}

// As above with what another slot holds, a value or an exception.
template <class T>
void copy_unless_done(const future<T>& target, result_slot<T>& source) {
  if (source.failed != failure::none) {
    if (target.core()->try_claim())
      target.core()->fail(source.error);
  } else if constexpr (std::is_void_v<T>) {
    set_unless_done(target);
  } else if constexpr (std::is_reference_v<T>) {
    set_unless_done(target, source.get());
  } else {
    set_unless_done(target, std::move(source.get()));
  }
}

} // namespace detail

/// True for futures and tasks.
/// @par Source
/// `asyncio.isfuture`.
template <class T>
concept is_future = std::derived_from<T, any_future>;

} // namespace troupe
