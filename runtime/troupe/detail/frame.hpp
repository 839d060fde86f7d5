#pragma once

#include <troupe/detail/pool.hpp>
#include <troupe/detail/result.hpp>
#include <troupe/detail/site.hpp>

#include <coroutine>
#include <utility>

namespace troupe::detail {

class task_base;
class frame_base;

// The frame that this thread made last, from its promise until it has suspended
// for the first time: an awaiter without a pointer makes each frame smaller.
extern thread_local constinit frame_base* newborn_frame
#if defined(__GNUC__)
  __attribute__((tls_model("initial-exec")))
#endif
  ;

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
    entry(0)(base() + shift_);
  }

  void destroy() {
    entry(1)(base() + shift_);
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
    : function_(made.function), file_(made.file), line_(made.line) {
    newborn_frame = this;
  }

  frame_base(const frame_base&) = delete;
  frame_base& operator=(const frame_base&) = delete;

  template <class Promise>
  struct initial_awaiter {
    bool await_ready() const noexcept {
      return false;
    }

    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      auto& promise = static_cast<Promise&>(*newborn_frame);
      promise.settle(
        std::coroutine_handle<Promise>::from_promise(promise).address(),
        handle.address());
    }

    void await_resume() const noexcept {}
  };

public:
  frame_base* caller_ = nullptr;
  task_base* task_ = nullptr;
  result_base* result_ = nullptr; // where the result goes: to whoever awaits us

private:
  using entry_point = void (*)(void*);

  char* base() noexcept {
    return reinterpret_cast<char*>(this) - back_;
  }

  entry_point entry(int index) noexcept {
    return reinterpret_cast<entry_point*>(base())[index];
  }

  void settle(const void* base, const void* frame) noexcept {
    auto at = [](const void* x) {
      return static_cast<const char*>(x);
    };
    back_ = static_cast<short>(at(this) - at(base));
    shift_ = static_cast<short>(at(frame) - at(base));
  }

  const char* function_;
  const char* file_; // where it was made; then the place of its present await
  unsigned line_;
  short back_ = 0;  // bytes from the function table to here
  short shift_ = 0; // from there to the frame: g++ 12, see above
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
