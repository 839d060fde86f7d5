#pragma once

#include <troupe/detail/job.hpp>
#include <troupe/detail/spinlock.hpp>

#include <cstddef>

namespace troupe::detail {

// Jobs in the order in which they became ready.
template <class Job, class Atomics = std_atomics>
class basic_ready_queue {
public:
  void push(Job& item) noexcept {
    item.next_job = nullptr;
    if (tail_)
      tail_->next_job = &item;
    else
      head_ = &item;
    tail_ = &item;
    ++size_;
  }

  Job* pop() noexcept {
    Job* first = head_;
    if (first) {
      head_ = first->next_job;
      if (!head_)
        tail_ = nullptr;
      --size_;
    }
    return first;
  }

  // Moves up to `most` jobs from the front of `other` to the end of this.
  void take(basic_ready_queue& other, std::size_t most) noexcept {
    while (most-- > 0) {
      Job* item = other.pop();
      if (!item)
        return;
      push(*item);
    }
  }

  bool empty() const noexcept {
    return head_ == nullptr;
  }

  std::size_t size() const noexcept {
    return size_;
  }

private:
  template <class T>
  using plain = typename Atomics::template plain<T>;

  plain<Job*> head_ = nullptr;
  plain<Job*> tail_ = nullptr;
  plain<std::size_t> size_ = 0;
};

using ready_queue = basic_ready_queue<job>;

// Jobs from foreign threads: pushed by anybody, taken all at once, until the
// queue is closed. Nobody takes or closes while somebody closes.
template <class Job, class Atomics = std_atomics>
class basic_injection_queue {
public:
  // False if the queue is closed; then the job is still the caller's.
  [[nodiscard]] bool push(Job& item) noexcept {
    Job* head = head_.load(std::memory_order_relaxed);
    do {
      if (head == closed())
        return false;
      item.next_job = head;
    }
    // release: whoever takes the job sees its content. seq_cst: who looks
    // before it waits sees the job, or is seen by us (parking.hpp).
    while (!head_.compare_exchange_weak(head, &item, std::memory_order_seq_cst,
                                        std::memory_order_relaxed));
    return true;
  }

  bool empty() const noexcept {
    Job* head = head_.load(std::memory_order_seq_cst);
    return head == nullptr || head == closed();
  }

  // Appends all jobs to `target`, oldest first.
  void take(basic_ready_queue<Job, Atomics>& target) noexcept {
    Job* head = head_.load(std::memory_order_relaxed);
    if (head == nullptr || head == closed())
      return;
    append(head_.exchange(nullptr, std::memory_order_acquire), target);
  }

  // As above, and whoever pushes from now on is told. A push comes before, and
  // its job is in `target`, or it is refused: no job is lost between.
  void close(basic_ready_queue<Job, Atomics>& target) noexcept {
    Job* newest = head_.exchange(closed(), std::memory_order_acquire);
    if (newest != closed())
      append(newest, target);
  }

private:
  // No job is here.
  Job* closed() const noexcept {
    return reinterpret_cast<Job*>(const_cast<basic_injection_queue*>(this));
  }

  static void append(Job* newest,
                     basic_ready_queue<Job, Atomics>& target) noexcept {
    Job* oldest = nullptr;
    while (newest) {
      Job* next = newest->next_job;
      newest->next_job = oldest;
      oldest = newest;
      newest = next;
    }
    while (oldest) {
      Job* next = oldest->next_job;
      target.push(*oldest);
      oldest = next;
    }
  }

  typename Atomics::template atomic<Job*> head_{nullptr};
};

using injection_queue = basic_injection_queue<job>;

} // namespace troupe::detail
