#pragma once

#include <troupe/detail/pool.hpp>
#include <troupe/detail/result.hpp>
#include <troupe/detail/site.hpp>

#include <coroutine>
#include <utility>

namespace troupe::detail {

class task_base;

// The untyped part of a coroutine's promise: how to resume it, who awaits it,
// which task it runs in and where it stands.
//
// A frame is never resumed through `std::coroutine_handle`: g++ 12 puts 8 bytes
// in front of the frame of a coroutine that awaits inside a condition, and then
// `from_promise(p).address()` and the address given to `await_suspend` differ.
// The first holds the function table, the second is its argument. In a sound
// frame both are equal. Tests: coro_test.cpp, "coro: await inside a condition".
class frame_base {
public:
  void resume() {
    entry(0)(static_cast<char*>(base_) + shift_);
  }

  void destroy() {
    entry(1)(static_cast<char*>(base_) + shift_);
  }

  // True once the body has begun; only then has it a task.
  bool started() const noexcept {
    return task_ != nullptr;
  }

  site place() const noexcept {
    return {function_, file_, line_};
  }

  void stand_at(const site& here) noexcept {
    file_ = here.file;
    line_ = here.line;
  }

  frame_base* caller() const noexcept {
    return caller_;
  }

protected:
  friend class task_base;

  explicit frame_base(site made) noexcept
    : function_(made.function), file_(made.file), line_(made.line) {}

  frame_base(const frame_base&) = delete;
  frame_base& operator=(const frame_base&) = delete;

  template <class Promise>
  struct initial_awaiter {
    Promise* promise;

    bool await_ready() const noexcept {
      return false;
    }

    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      void* base
        = std::coroutine_handle<Promise>::from_promise(*promise).address();
      promise->base_ = base;
      promise->shift_ = static_cast<int>(static_cast<char*>(handle.address())
                                         - static_cast<char*>(base));
    }

    void await_resume() const noexcept {}
  };

public:
  frame_base* caller_ = nullptr;
  task_base* task_ = nullptr;
  result_base* result_ = nullptr; // where the result goes: to whoever awaits us

private:
  using entry_point = void (*)(void*);

  entry_point entry(int index) const noexcept {
    return static_cast<entry_point*>(base_)[index];
  }

  const char* function_;
  const char* file_; // where it was made; then the place of its present await
  unsigned line_;
  int shift_ = 0; // g++ 12, see above
  void* base_ = nullptr;
};

// Called in a catch handler of a coroutine's body: keeps the exception for
// whoever awaits it, and the await chain if the exception begins here.
void keep_exception(frame_base& frame, result_base& result) noexcept;

// Throws what a frame or a future left, and remembers that the exception is an
// old one, so that its await chain grows instead of beginning anew.
[[noreturn]] void rethrow(const result_base& result);

[[noreturn]] void throw_awaited_twice();
void report_never_awaited(const site& made) noexcept;

} // namespace troupe::detail
