#pragma once

#include <troupe/detail/context_ref.hpp>
#include <troupe/detail/job.hpp>
#include <troupe/detail/pool.hpp>
#include <troupe/detail/site.hpp>

#include <atomic>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace troupe::detail {

// Something that becomes a ready job at a point in time. The loop's timers own
// it until then. A cancelled timer stays among them until its time comes or
// half of them are cancelled: so cancelling costs nothing.
class timer : public job {
public:
  // Called instead of `run` when a cancelled timer is thrown away.
  virtual void discard() noexcept = 0;

  std::int64_t deadline = 0;      // nanoseconds of the loop's clock
  std::atomic<bool> waits{false}; // the loop's timers have it
  std::atomic<bool> dead{false};  // cancelled

protected:
  ~timer() = default;
};

void retain_loop(loop_core& loop) noexcept;
void release_loop(loop_core& loop) noexcept;

// A function that the loop calls once: `call_soon` and its kin.
class callback : public timer {
public:
  enum class phase : std::uint8_t { waiting, running, ended, cancelled };

  callback(loop_core& home, site made) noexcept;

  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  // Whoever has the only count needs no locked instruction to give it up.
  void release() noexcept {
    if (refs_.load(std::memory_order_acquire) == 1
        || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy();
  }

  // One more count for a callback that nobody else has seen yet.
  void retain_new() noexcept {
    refs_.store(2, std::memory_order_relaxed);
  }

  void run() final;
  job_label label() const noexcept final;
  void discard() noexcept final;
  void cancel();
  bool cancelled() const;
  std::string describe() const;

  loop_core& home() const noexcept {
    return *home_;
  }

  context_ref context;
  bool threadsafe = false; // cancel() waits while the function runs

protected:
  virtual ~callback();

  // Calls the function; what it throws goes to the loop's exception handler.
  virtual void invoke() = 0;

  // Destroys the function and what is bound to it.
  virtual void drop() noexcept = 0;

  virtual void destroy() noexcept = 0;

private:
  bool leave(phase next) noexcept;
  bool shared() const noexcept;

  loop_core* home_;
  site made_;
  std::atomic<std::uint32_t> refs_{1};
  std::atomic<phase> phase_{phase::waiting};
  std::atomic<bool> asked_to_cancel_{false}; // too late, but it was asked
};

// A callback with its function.
template <class F>
class callback_of final : public callback {
public:
  callback_of(loop_core& home, site made, F&& function) : callback(home, made) {
    ::new (static_cast<void*>(&function_)) F(std::move(function));
  }

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

private:
  ~callback_of() override {
    callback_of::drop();
  }

  void invoke() override {
    function_();
  }

  void drop() noexcept override {
    if (std::exchange(filled_, false))
      function_.~F();
  }

  void destroy() noexcept override {
    delete this;
  }

  union {
    F function_;
  };
  bool filled_ = true;
};

// The loop that runs on this thread, or null.
loop_core* running_loop() noexcept;

// As above, but throws `errc::no_running_loop`. `what` was called.
loop_core& need_running_loop(const char* what);

// Ways into a loop. The callback's first count goes to the loop.
void submit_soon(loop_core& loop, callback& item);
void submit_threadsafe(loop_core& loop, callback& item);
void submit_at(loop_core& loop, callback& item, std::int64_t deadline);
void check_thread(const loop_core& loop, const char* what); // in debug mode
std::int64_t loop_now(const loop_core& loop) noexcept;
std::int64_t loop_recent_now(const loop_core& loop) noexcept; // for deadlines

// Adds `delay` to `now` without overflow; negative delays are kept.
std::int64_t deadline_after(std::int64_t now, std::int64_t delay) noexcept;

// Joins a function with arguments into one callable without arguments.
template <class F, class... Args>
auto bind_all(F&& function, Args&&... args) {
  if constexpr (sizeof...(Args) == 0)
    return std::decay_t<F>(std::forward<F>(function));
  else
    return
      [function = std::decay_t<F>(std::forward<F>(function)),
       ... bound = std::decay_t<Args>(std::forward<Args>(args))]() mutable {
        return function(std::move(bound)...);
      };
}

} // namespace troupe::detail
