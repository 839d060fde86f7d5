#pragma once

#include <troupe/detail/callback.hpp>
#include <troupe/detail/future_line.hpp>
#include <troupe/detail/ref.hpp>
#include <troupe/detail/result.hpp>
#include <troupe/detail/site.hpp>
#include <troupe/detail/value_text.hpp>
#include <troupe/detail/wait_search.hpp>

#include <atomic>
#include <string>
#include <vector>

namespace troupe::detail {

class future_core;

enum class waiter_kind : std::uint8_t {
  op,       // of a waiting task
  callback, // a function of the user
  watcher,  // of something that watches a future
  placed,   // the same, with others in a `watch_line`
};

// What stands in a future's line.
struct future_waiter {
  explicit future_waiter(waiter_kind what) noexcept : kind(what) {}

  future_waiter* prev = nullptr;
  future_waiter* next = nullptr;
  waiter_kind kind;
  bool linked = false;
};

using future_line = basic_future_line<future_waiter>;

// A function that runs when a future is done. The line holds one count of it,
// which goes to the ready queue when the future is done.
class done_callback : public future_waiter, public callback {
public:
  done_callback(loop_core& home, site made) noexcept
    : future_waiter(waiter_kind::callback), callback(home, made) {}

  // True if both would call the same function.
  virtual bool same_as(const done_callback& other) const noexcept = 0;

  std::uint64_t number = 0;
  ref<future_core> subject; // set when the future is done
};

class serial_queue;

// What only some futures and tasks have, kept apart to keep the others small.
struct future_notes {
  virtual ~future_notes() = default;

  std::string name;
  std::string cancel_message;
  std::vector<site> trace; // the await chain of the exception, innermost first
  serial_queue* group = nullptr; // the serial group of a task
};

// The untyped part of a future: its state, who waits for it, its loop. `result`
// is a part of the same object.
class future_core : private future_line {
public:
  future_core(loop_core& home, result_base& result, bool is_task) noexcept;
  future_core(const future_core&) = delete;
  future_core& operator=(const future_core&) = delete;

  // -- ownership --------------------------------------------------------------

  void retain() noexcept {
    refs_.fetch_add(1, std::memory_order_relaxed);
  }

  // One more count, as long as nobody else has seen it.
  void retain_new() noexcept {
    refs_.store(2, std::memory_order_relaxed);
  }

  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      dispose();
  }

  // Takes a count unless the last one has gone.
  bool try_retain() noexcept {
    auto count = refs_.load(std::memory_order_relaxed);
    while (count != 0
           && !refs_.compare_exchange_weak(count, count + 1,
                                           std::memory_order_relaxed)) {
    }
    return count != 0;
  }

  bool unique() const noexcept {
    return refs_.load(std::memory_order_acquire) == 1;
  }

  // -- looking ----------------------------------------------------------------

  using future_line::done;
  using future_line::state;

  bool is_task() const noexcept {
    return is_task_;
  }

  loop_core& home() const noexcept {
    return *home_;
  }

  result_base& result() const noexcept {
    auto* mine = const_cast<char*>(reinterpret_cast<const char*>(this));
    return *reinterpret_cast<result_base*>(mine + result_grain * result_at_);
  }

  // Throws what keeps the value from being read, or returns.
  void check_value() const;
  std::exception_ptr exception() const;
  void mark_retrieved() const noexcept {
    retrieved_.store(true, std::memory_order_relaxed);
  }

  const std::string& cancel_message() const noexcept;
  const std::vector<site>& trace() const noexcept;
  virtual std::string describe() const;

  // Simulations: the step that runs looks at it or changes it.
  void touch() const;

  // Whether it may be done one day: see `op::may_end`.
  virtual bool may_be_done(wait_search& search) const;

  // -- waiting ----------------------------------------------------------------

  // Adds to the end of the line; false if the future is done.
  bool join(future_waiter& waiter);

  // Takes out of the line; false if it is not in it (any more).
  bool leave(future_waiter& waiter);

  // Takes over the callback's first count; returns its number.
  std::uint64_t add_callback(done_callback& callback);
  std::size_t remove_callbacks(const done_callback& like);
  std::size_t remove_callback(std::uint64_t number);

  // It will never be done: whoever watches it lets it go.
  void forget_watchers() noexcept;

  // -- completing -------------------------------------------------------------

  // As `asyncio`'s cancel: a future is cancelled at once, a task is asked.
  virtual bool cancel(const std::string& message);

  // Takes the right to set a value or an exception from outside, or throws.
  void claim(const char* verb);

  // As above; false if the future is done or somebody else is about to set it.
  bool try_claim() noexcept {
    return future_line::claim();
  }

  // Gives it back: the value could not be made.
  using future_line::unclaim;

  // Ends the future and tells everybody in line, in the order of the line.
  // False if it was done before. `result()` was filled before.
  bool complete(future_state end);

  // Ends it with an exception; `claim` was called.
  void fail(std::exception_ptr problem);

protected:
  // The text of the value, if it has a plain one.
  virtual std::string value_text() const = 0;

  bool complete_here(future_state end);
  template <class Condition>
  std::size_t remove_callbacks_if(Condition condition);
  virtual ~future_core();
  virtual void dispose() noexcept = 0;
  void report_unretrieved(const char* what) noexcept;
  future_notes& notes(); // made at the first call, on any thread
  virtual future_notes* make_notes() const;

  future_notes* known_notes() const noexcept {
    return notes_.load(std::memory_order_acquire);
  }

  friend class future_lock;

  // These two fill a word of the line.
  mutable std::atomic<bool> retrieved_{false};
  std::atomic<std::uint32_t> refs_{1};
  loop_core* home_;
  std::atomic<future_notes*> notes_{nullptr};

private:
  static constexpr std::size_t result_grain = alignof(result_base);

  // These are the last: a task's flags fill the rest of the word.
  const bool is_task_;
  const std::uint8_t result_at_; // how far behind us, in grains
};

// A future with its value, as `loop.create_future()` makes it.
template <class T>
class future_cell final : public future_core {
public:
  explicit future_cell(loop_core& home) noexcept
    : future_core(home, slot_, false) {
    retain_loop(home);
  }

  static void* operator new(std::size_t size) {
    return pool_allocate(size);
  }

  static void operator delete(void* memory, std::size_t size) noexcept {
    pool_free(memory, size);
  }

private:
  ~future_cell() override = default;

  void dispose() noexcept override {
    report_unretrieved("Future");
    loop_core& home = *home_;
    delete this;
    release_loop(home);
  }

  std::string value_text() const override {
    return text_of_result<T>(result());
  }

  result_slot<T> slot_;
};

} // namespace troupe::detail
