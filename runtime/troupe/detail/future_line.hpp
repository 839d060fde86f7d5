#pragma once

#include <troupe/detail/spinlock.hpp>

#include <cstdint>

namespace troupe::detail {

enum class future_state : std::uint8_t {
  pending,
  finished, // has a value
  failed,   // has an exception
  cancelled,
};

// What several threads may touch of one future: its state, the right to set it,
// and the line of those who wait. `shared` says that several workers may come
// to the line; else it belongs to the loop's thread, and nothing is locked.
template <class Waiter, class Atomics = std_atomics>
class basic_future_line {
public:
  future_state state() const noexcept {
    return state_.load(std::memory_order_acquire);
  }

  bool done() const noexcept {
    return state() != future_state::pending;
  }

  // Takes the right to set the result; false if somebody has it or had it.
  // Foreign threads claim, too: this is an exchange on every loop.
  bool claim() noexcept {
    // acquire: whoever had the right and gave it back is done with the result.
    return !done() && !claimed_.exchange(true, std::memory_order_acquire);
  }

  void unclaim() noexcept {
    claimed_.store(false, std::memory_order_release);
  }

  // Adds to the end of the line; false if the future is done.
  bool join(Waiter& waiter, bool shared) noexcept {
    lock mine{*this, shared};
    if (done())
      return false;
    waiter.next = nullptr;
    if (head_) {
      waiter.prev = head_->prev;
      waiter.prev->next = &waiter;
    } else {
      head_ = &waiter;
    }
    head_->prev = &waiter;
    waiter.linked = true;
    return true;
  }

  // Takes out of the line; false if it is not in it (any more).
  bool leave(Waiter& waiter, bool shared) noexcept {
    lock mine{*this, shared};
    return unlink(waiter);
  }

  // Takes out all for which the condition holds; the last one is the first in
  // the list of those taken.
  template <class Condition>
  Waiter* take_if(Condition condition, bool shared) {
    Waiter* taken = nullptr;
    lock mine{*this, shared};
    for (Waiter* x = head_; x;) {
      Waiter* next = x->next;
      if (condition(*x)) {
        unlink(*x);
        x->next = taken;
        taken = x;
      }
      x = next;
    }
    return taken;
  }

  // Publishes the result and takes the line, which is to be told. False if the
  // future was done before.
  bool complete(future_state end, bool shared, Waiter*& line) noexcept {
    lock mine{*this, shared};
    if (done())
      return false;
    // release: who sees the state sees the result.
    state_.store(end, std::memory_order_release);
    line = head_;
    head_ = nullptr;
    for (Waiter* x = line; x; x = x->next)
      x->linked = false;
    return true;
  }

  Waiter* first() const noexcept {
    return head_;
  }

  // Guards the line.
  class lock {
  public:
    lock(const basic_future_line& line, bool shared) noexcept
      : lock_(line.locked_), needed_(shared) {
      if (needed_)
        lock_.lock();
    }

    ~lock() {
      if (needed_)
        lock_.unlock();
    }

    lock(const lock&) = delete;
    lock& operator=(const lock&) = delete;

  private:
    basic_spinlock<Atomics>& lock_;
    const bool needed_;
  };

private:
  bool unlink(Waiter& waiter) noexcept {
    if (!waiter.linked)
      return false;
    waiter.linked = false;
    if (&waiter == head_)
      head_ = waiter.next;
    else
      waiter.prev->next = waiter.next;
    if (waiter.next)
      waiter.next->prev = waiter.prev;
    else if (head_)
      head_->prev = waiter.prev;
    return true;
  }

  // The `prev` of the first one is the last one.
  typename Atomics::template plain<Waiter*> head_ = nullptr;
  typename Atomics::template atomic<future_state> state_{future_state::pending};
  typename Atomics::template atomic<bool> claimed_{false};
  mutable basic_spinlock<Atomics> locked_;
};

} // namespace troupe::detail
