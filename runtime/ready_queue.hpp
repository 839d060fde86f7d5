#pragma once

#include <troupe/detail/job.hpp>

#include <atomic>
#include <cstddef>

#if defined(__x86_64__)
#  include <immintrin.h>
#endif

namespace troupe::detail {

inline void spin_pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// A lock for a few instructions. Taken without waiting it costs one exchange.
class spinlock {
public:
  void lock() noexcept {
    while (locked_.exchange(true, std::memory_order_acquire))
      while (locked_.load(std::memory_order_relaxed))
        spin_pause();
  }

  void unlock() noexcept {
    locked_.store(false, std::memory_order_release);
  }

private:
  std::atomic<bool> locked_{false};
};

// Jobs in the order in which they became ready.
class ready_queue {
public:
  void push(job& item) noexcept {
    item.next_job = nullptr;
    if (tail_)
      tail_->next_job = &item;
    else
      head_ = &item;
    tail_ = &item;
    ++size_;
  }

  job* pop() noexcept {
    job* first = head_;
    if (first) {
      head_ = first->next_job;
      if (!head_)
        tail_ = nullptr;
      --size_;
    }
    return first;
  }

  // Moves up to `most` jobs from the front of `other` to the end of this.
  void take(ready_queue& other, std::size_t most) noexcept {
    while (most-- > 0) {
      job* item = other.pop();
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
  job* head_ = nullptr;
  job* tail_ = nullptr;
  std::size_t size_ = 0;
};

// Jobs from foreign threads: pushed by anybody, taken all at once.
class injection_queue {
public:
  void push(job& item) noexcept {
    job* head = head_.load(std::memory_order_relaxed);
    do
      item.next_job = head;
    // release: whoever takes the job sees its content.
    while (!head_.compare_exchange_weak(head, &item, std::memory_order_seq_cst,
                                        std::memory_order_relaxed));
  }

  bool empty() const noexcept {
    return head_.load(std::memory_order_seq_cst) == nullptr;
  }

  // Appends all jobs to `target`, oldest first.
  void take(ready_queue& target) noexcept {
    if (head_.load(std::memory_order_relaxed) == nullptr)
      return;
    job* newest = head_.exchange(nullptr, std::memory_order_acq_rel);
    job* oldest = nullptr;
    while (newest) {
      job* next = newest->next_job;
      newest->next_job = oldest;
      oldest = newest;
      newest = next;
    }
    while (oldest) {
      job* next = oldest->next_job;
      target.push(*oldest);
      oldest = next;
    }
  }

private:
  std::atomic<job*> head_{nullptr};
};

} // namespace troupe::detail
