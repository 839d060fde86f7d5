#pragma once

#include <troupe/detail/await.hpp>
#include <troupe/detail/task_base.hpp>

#include <iosfwd>
#include <string>

namespace troupe {

template <class T = void>
class coro;

namespace detail {

template <class T>
class coro_promise;

template <class T>
class coro_promise_base : public promise_base {
public:
  using promise_base::promise_base;

  coro<T> get_return_object() noexcept {
    return coro<T>{static_cast<coro_promise<T>&>(*this)};
  }

  initial_awaiter<coro_promise<T>> initial_suspend() noexcept {
    return {};
  }

  // The end of the body: whoever awaits it goes on.
  std::suspend_always final_suspend() noexcept {
    task_->enter(caller_);
    return {};
  }

  void unhandled_exception() noexcept {
    keep_exception(*this, *result_);
  }

protected:
  result_slot<T>& slot() noexcept {
    return static_cast<result_slot<T>&>(*result_);
  }
};

template <class T>
class coro_promise final : public coro_promise_base<T> {
public:
  explicit coro_promise(site made = site::here()) noexcept
    : coro_promise_base<T>(made) {}

  template <class U = T>
    requires std::constructible_from<T, U&&>
          || (std::is_reference_v<T> && std::convertible_to<U &&, T>)
  void return_value(U&& value) {
    this->slot().emplace(std::forward<U>(value));
  }
};

template <>
class coro_promise<void> final : public coro_promise_base<void> {
public:
  explicit coro_promise(site made = site::here()) noexcept
    : coro_promise_base<void>(made) {}

  void return_void() noexcept {
    this->slot().emplace();
  }
};

// Runs a child coroutine inside the awaiting task: the child's frame goes on
// top of the task's stack, its result comes straight into this awaiter.
template <class T>
class coro_awaiter {
public:
  explicit coro_awaiter(coro<T>&& child) noexcept : child_(std::move(child)) {}

  bool ready(frame_base&) const {
    if (!child_.frame_)
      throw_awaited_twice();
    return false;
  }

  bool suspend(frame_base& frame) {
    frame_base* child = child_.frame_;
    child->caller_ = &frame;
    child->task_ = frame.task_;
    child->result_ = &slot_;
    return !frame.task_->run_on_top(*child, frame);
  }

  T resume() {
    if (slot_.failed != failure::none)
      rethrow(slot_);
    if constexpr (!std::is_void_v<T>)
      return std::forward<T>(slot_.get());
  }

private:
  coro<T> child_;
  result_slot<T> slot_;
};

} // namespace detail

/// A lazy coroutine: nothing of its body runs until it is awaited or made a
/// task. `co_await` runs it inside the awaiting task; no actor is made.
///
/// It runs once. Destroyed without having run, it is reported: "coroutine
/// 'name' was never awaited".
/// @tparam T  what it returns: a value (move-only values too), a reference or
///            `void`.
/// @par Cancellation
/// A cancellation of the task is thrown at the innermost await.
/// @par Source
/// A coroutine object of `async def`.
template <class T>
class [[nodiscard]] coro {
public:
  /// Makes a function that returns `coro<T>` a coroutine.
  using promise_type = detail::coro_promise<T>;

  /// What `co_await` gives.
  using value_type = T;

  /// Takes over the coroutine; `other` is empty after.
  coro(coro&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}

  /// Takes over the coroutine; what this was is destroyed.
  coro& operator=(coro&& other) noexcept {
    coro gone{std::move(*this)};
    frame_ = std::exchange(other.frame_, nullptr);
    return *this;
  }

  /// Destroys the coroutine; reports it if it never ran.
  ~coro() {
    if (frame_)
      drop();
  }

  /// Runs the coroutine in the awaiting task.
  /// @throws error  (`errc::awaited_twice`) if it was awaited or made a task
  ///                before.
  /// @throws ...  what the body throws.
  detail::coro_awaiter<T> operator co_await() & noexcept {
    return detail::coro_awaiter<T>{std::move(*this)};
  }

  /// As above, for a temporary.
  detail::coro_awaiter<T> operator co_await() && noexcept {
    return detail::coro_awaiter<T>{std::move(*this)};
  }

  /// Throws the coroutine away; no report follows.
  /// @par Source
  /// `coroutine.close()`.
  void close() noexcept {
    if (auto* frame = std::exchange(frame_, nullptr))
      frame->destroy();
  }

  /// True until it is awaited, made a task or closed.
  explicit operator bool() const noexcept {
    return frame_ != nullptr;
  }

  /// @cond PRIVATE
  detail::frame_base* release() noexcept {
    return std::exchange(frame_, nullptr);
  }

  const detail::frame_base* frame() const noexcept {
    return frame_;
  }
  /// @endcond

private:
  friend promise_type;
  friend detail::coro_promise_base<T>;
  friend detail::coro_awaiter<T>;

  explicit coro(promise_type& promise) noexcept : frame_(&promise) {}

  void drop() noexcept {
    if (!frame_->started())
      detail::report_never_awaited(frame_->place());
    close();
  }

  detail::frame_base* frame_;
};

namespace detail {
std::string describe_coroutine(const frame_base* frame);
}

/// Returns the printable text: `<coroutine object NAME at 0x...>`.
template <class T>
std::string to_string(const coro<T>& x) {
  return detail::describe_coroutine(x.frame());
}

/// Writes the printable text.
template <class Char, class Traits, class T>
std::basic_ostream<Char, Traits>&
operator<<(std::basic_ostream<Char, Traits>& out, const coro<T>& x) {
  return out << to_string(x).c_str();
}

/// True for `coro<T>`.
/// @par Source
/// `asyncio.iscoroutine`.
template <class T>
inline constexpr bool is_coroutine = false;

/// @cond PRIVATE
template <class T>
inline constexpr bool is_coroutine<coro<T>> = true;
/// @endcond

} // namespace troupe
