#pragma once

#include <troupe/detail/frame.hpp>
#include <troupe/detail/op.hpp>

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace troupe::detail {

// An awaiter of our own: it gets the frame that awaits, not a handle.
template <class T>
concept native_awaiter = requires(T& x, frame_base& frame) {
  { x.ready(frame) } -> std::same_as<bool>;
  { x.suspend(frame) } -> std::same_as<bool>;
  x.resume();
};

template <class T>
concept member_awaitable
  = requires(T&& x) { std::forward<T>(x).operator co_await(); };

template <class T>
concept free_awaitable
  = requires(T&& x) { operator co_await(std::forward<T>(x)); };

template <class T>
concept foreign_awaiter = requires(T& x, std::coroutine_handle<> handle) {
  { x.await_ready() } -> std::convertible_to<bool>;
  x.await_suspend(handle);
  x.await_resume();
};

// Wakes a task from a foreign awaiter, which can only resume a handle: a
// coroutine whose single step answers an op.
class waker {
public:
  struct promise_type {
    waker get_return_object() noexcept {
      return waker{std::coroutine_handle<promise_type>::from_promise(*this)};
    }

    std::suspend_always initial_suspend() const noexcept {
      return {};
    }

    std::suspend_never final_suspend() const noexcept {
      return {};
    }

    void return_void() const noexcept {}

    void unhandled_exception() const noexcept {}
  };

  std::coroutine_handle<> handle;
};

waker wake(op& sleeper);

// Awaits what other libraries made for `std::coroutine_handle`. It can't be
// cancelled: a cancellation is thrown when it comes back.
template <class Awaiter>
class foreign_op final : public op {
public:
  explicit foreign_op(Awaiter&& awaiter)
    : awaiter_(static_cast<Awaiter&&>(awaiter)) {}

  bool ready(frame_base&) {
    return awaiter_.await_ready();
  }

  decltype(auto) resume() {
    check_cancelled();
    return awaiter_.await_resume();
  }

  bool start() override {
    auto handle = wake(*this).handle;
    using returned = decltype(awaiter_.await_suspend(handle));
    if constexpr (std::is_void_v<returned>) {
      awaiter_.await_suspend(handle);
      return true;
    } else if constexpr (std::is_same_v<returned, bool>) {
      if (awaiter_.await_suspend(handle))
        return true;
      handle.destroy();
      return false;
    } else {
      awaiter_.await_suspend(handle).resume();
      return true;
    }
  }

  bool request_cancel(const std::string&) override {
    return false;
  }

  // Whoever holds the handle may resume it later; the frame is gone then.
  void withdraw() noexcept override {}

  std::string describe() const override {
    return "<foreign awaitable>";
  }

private:
  Awaiter awaiter_;
};

// Joins a native awaiter with the frame that awaits it.
template <class Awaiter>
struct bound_awaiter {
  Awaiter awaiter;
  frame_base* frame;

  bool await_ready() {
    return awaiter.ready(*frame);
  }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise>) {
    return awaiter.suspend(*frame);
  }

  decltype(auto) await_resume() {
    return awaiter.resume();
  }
};

// Finds the awaiter of anything that can be awaited.
template <class T>
decltype(auto) find_awaiter(T&& x) {
  using bare = std::remove_cvref_t<T>;
  if constexpr (native_awaiter<bare>) {
    return static_cast<T&&>(x);
  } else if constexpr (member_awaitable<T>) {
    using next = decltype(std::forward<T>(x).operator co_await());
    if constexpr (native_awaiter<std::remove_cvref_t<next>>)
      return std::forward<T>(x).operator co_await();
    else
      return find_awaiter(std::forward<T>(x).operator co_await());
  } else if constexpr (free_awaitable<T>) {
    using next = decltype(operator co_await(std::forward<T>(x)));
    if constexpr (native_awaiter<std::remove_cvref_t<next>>)
      return operator co_await(std::forward<T>(x));
    else
      return find_awaiter(operator co_await(std::forward<T>(x)));
  } else {
    static_assert(foreign_awaiter<bare>,
                  "this type cannot be awaited: it needs `operator co_await` "
                  "or the members of an awaiter");
    // An awaiter given by reference lives in the awaiting expression; one
    // that an operator made for us is moved along.
    if constexpr (std::is_lvalue_reference_v<T>)
      return foreign_op<bare&>(x);
    else
      return foreign_op<bare>(std::move(x));
  }
}

// True for everything that `co_await` takes inside a task.
template <class T>
concept awaitable
  = native_awaiter<std::remove_cvref_t<T>> || member_awaitable<T>
 || free_awaitable<T> || foreign_awaiter<std::remove_cvref_t<T>>;

// The promise's part that all coroutines of troupe share.
class promise_base : public frame_base {
public:
  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

  template <awaitable T>
  auto await_transform(T&& x, site here = site::here()) {
    stand_at(here);
    using awaiter = decltype(find_awaiter(std::forward<T>(x)));
    return bound_awaiter<awaiter>{find_awaiter(std::forward<T>(x)), this};
  }

protected:
  using frame_base::frame_base;
};

} // namespace troupe::detail
