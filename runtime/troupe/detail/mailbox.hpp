#pragma once

#include <troupe/detail/job.hpp>

#include <atomic>

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
class mailbox {
public:
  pushed push(letter& item, bool exclusive) noexcept {
    letter* head = head_.load(std::memory_order_relaxed);
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
      } while (!head_.compare_exchange_weak(head, &item,
                                            std::memory_order_acq_rel,
                                            std::memory_order_relaxed));
    }
    return head == blocked_mark() ? pushed::activate : pushed::queued;
  }

  // Takes a sleeping actor without a letter: the in-place activation.
  bool claim(bool exclusive) noexcept {
    letter* head = head_.load(std::memory_order_relaxed);
    if (head != blocked_mark())
      return false;
    if (exclusive) {
      head_.store(nullptr, std::memory_order_relaxed);
      return true;
    }
    return head_.compare_exchange_strong(head, nullptr,
                                         std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
  }

  // Puts the actor to sleep; fails if there are letters.
  bool try_block(bool exclusive) noexcept {
    letter* head = nullptr;
    if (exclusive) {
      if (head_.load(std::memory_order_relaxed) != nullptr)
        return false;
      head_.store(blocked_mark(), std::memory_order_relaxed);
      return true;
    }
    return head_.compare_exchange_strong(head, blocked_mark(),
                                         std::memory_order_acq_rel,
                                         std::memory_order_acquire);
  }

  bool asleep() const noexcept {
    return head_.load(std::memory_order_relaxed) == blocked_mark();
  }

  bool has_letters() const noexcept {
    letter* head = head_.load(std::memory_order_relaxed);
    return head != nullptr && head != blocked_mark() && head != closed_mark();
  }

  // Takes all letters, oldest first.
  letter* take(bool exclusive) noexcept {
    if (!has_letters())
      return nullptr;
    letter* newest;
    if (exclusive) {
      newest = head_.load(std::memory_order_relaxed);
      head_.store(nullptr, std::memory_order_relaxed);
    } else {
      newest = head_.exchange(nullptr, std::memory_order_acq_rel);
    }
    return reversed(newest);
  }

  // Ends the mailbox; what is still in it is the caller's, oldest first.
  letter* close(bool exclusive) noexcept {
    letter* last = exclusive
                   ? head_.load(std::memory_order_relaxed)
                   : head_.exchange(closed_mark(), std::memory_order_acq_rel);
    if (exclusive)
      head_.store(closed_mark(), std::memory_order_relaxed);
    if (last == blocked_mark() || last == closed_mark())
      return nullptr;
    return reversed(last);
  }

private:
  static letter* blocked_mark() noexcept {
    return reinterpret_cast<letter*>(1);
  }

  static letter* closed_mark() noexcept {
    return reinterpret_cast<letter*>(2);
  }

  static letter* reversed(letter* newest) noexcept {
    letter* oldest = nullptr;
    while (newest) {
      letter* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    return oldest;
  }

  // A new actor is active: it is put into the ready queue at once.
  std::atomic<letter*> head_{nullptr};
};

} // namespace troupe::detail
