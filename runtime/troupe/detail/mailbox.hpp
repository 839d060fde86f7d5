#pragma once

#include <troupe/detail/atomics.hpp>
#include <troupe/detail/job.hpp>

namespace troupe::detail {

// What happened to a pushed letter.
enum class pushed : std::uint8_t {
  queued,   // the actor runs or will run, and sees it
  activate, // the actor slept: whoever pushed must see that it runs
  closed,   // the actor has ended: the letter is still the caller's
};

// The mailbox of an actor: any number of writers, one reader, whoever runs the
// actor. A pointer with four meanings:
//   nullptr    empty, the actor runs (or waits in a ready queue)
//   blocked    empty, the actor sleeps
//   closed     the actor has ended
//   otherwise  letters, newest first; the actor runs or waits in a ready queue
// On a loop with one worker everything happens on that worker's thread and the
// atomic is used without locked instructions (`exclusive`).
template <class Letter, class Atomics = std_atomics>
class basic_mailbox {
public:
  pushed push(Letter& item, bool exclusive) noexcept {
    Letter* head = head_.load(std::memory_order_relaxed);
    if (exclusive) {
      if (head == closed_mark())
        return pushed::closed;
      item.next = head == blocked_mark() ? nullptr : head;
      head_.store(&item, std::memory_order_relaxed);
    } else {
      // acquire: whoever wakes the actor sees all that its last run wrote.
      // release: the reader sees the letter's content.
      do {
        if (head == closed_mark())
          return pushed::closed;
        item.next = head == blocked_mark() ? nullptr : head;
      } while (!head_.compare_exchange_weak(
        head, &item, std::memory_order_acq_rel, std::memory_order_relaxed));
    }
    return head == blocked_mark() ? pushed::activate : pushed::queued;
  }

  // Takes a sleeping actor without a letter: the in-place activation.
  bool claim(bool exclusive) noexcept {
    Letter* head = head_.load(std::memory_order_relaxed);
    if (head != blocked_mark())
      return false;
    if (exclusive) {
      head_.store(nullptr, std::memory_order_relaxed);
      return true;
    }
    // acquire: as for a push that wakes the actor.
    return head_.compare_exchange_strong(
      head, nullptr, std::memory_order_acquire, std::memory_order_relaxed);
  }

  // Puts the actor to sleep; fails if there are letters.
  bool try_block(bool exclusive) noexcept {
    Letter* head = nullptr;
    if (exclusive) {
      if (head_.load(std::memory_order_relaxed) != nullptr)
        return false;
      head_.store(blocked_mark(), std::memory_order_relaxed);
      return true;
    }
    // release: whoever wakes the actor sees what this run wrote.
    return head_.compare_exchange_strong(head, blocked_mark(),
                                         std::memory_order_release,
                                         std::memory_order_relaxed);
  }

  bool asleep() const noexcept {
    return head_.load(std::memory_order_relaxed) == blocked_mark();
  }

  bool closed() const noexcept {
    return head_.load(std::memory_order_relaxed) == closed_mark();
  }

  bool has_letters() const noexcept {
    Letter* head = head_.load(std::memory_order_relaxed);
    return head != nullptr && head != blocked_mark() && head != closed_mark();
  }

  // Takes all letters, oldest first.
  Letter* take(bool exclusive) noexcept {
    if (!has_letters())
      return nullptr;
    Letter* newest;
    if (exclusive) {
      newest = head_.load(std::memory_order_relaxed);
      head_.store(nullptr, std::memory_order_relaxed);
    } else {
      newest = head_.exchange(nullptr, std::memory_order_acquire);
    }
    return reversed(newest);
  }

  // Ends the mailbox; what is still in it is the caller's, oldest first.
  Letter* close(bool exclusive) noexcept {
    Letter* last = exclusive
                   ? head_.load(std::memory_order_relaxed)
                   : head_.exchange(closed_mark(), std::memory_order_acquire);
    if (exclusive)
      head_.store(closed_mark(), std::memory_order_relaxed);
    if (last == blocked_mark() || last == closed_mark())
      return nullptr;
    return reversed(last);
  }

private:
  static Letter* blocked_mark() noexcept {
    return reinterpret_cast<Letter*>(1);
  }

  static Letter* closed_mark() noexcept {
    return reinterpret_cast<Letter*>(2);
  }

  static Letter* reversed(Letter* newest) noexcept {
    Letter* oldest = nullptr;
    while (newest) {
      Letter* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }

  // A new actor is active: it is put into the ready queue at once.
  typename Atomics::template atomic<Letter*> head_{nullptr};
};

using mailbox = basic_mailbox<letter>;

} // namespace troupe::detail
