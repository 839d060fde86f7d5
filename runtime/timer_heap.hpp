#pragma once

#include <troupe/detail/callback.hpp>

#include <cstdint>
#include <vector>

namespace troupe::detail {

// The waiting timers, the earliest on top; among equal deadlines the one that
// was added first. A heap of four children a node in one block of memory:
// moving an entry touches no timer.
class timer_heap {
public:
  bool empty() const noexcept {
    return slots_.empty();
  }

  std::size_t size() const noexcept {
    return slots_.size();
  }

  std::int64_t earliest() const noexcept {
    return slots_.front().deadline;
  }

  void add(timer& item) {
    slots_.push_back({item.deadline, ++sequence_, &item});
    item.waits.store(true, std::memory_order_relaxed);
    rise(slots_.size() - 1);
  }

  // A waiting timer was marked dead. The dead that are on top go at once, the
  // others when they are more than half of over a hundred, as in asyncio.
  void cancelled() noexcept {
    ++dead_;
    if (slots_.size() > 100 && dead_ * 2 > slots_.size())
      purge();
    else
      drop_dead_top();
  }

  // Takes the earliest timer if it is due at `now`.
  timer* take_due(std::int64_t now) noexcept {
    if (slots_.empty() || slots_.front().deadline > now)
      return nullptr;
    timer* due = take_top();
    drop_dead_top();
    return due;
  }

private:
  struct slot {
    std::int64_t deadline;
    std::uint64_t sequence;
    timer* item;

    bool before(const slot& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline
                                        : sequence < other.sequence;
    }
  };

  timer* take_top() noexcept {
    timer* top = slots_.front().item;
    top->waits.store(false, std::memory_order_relaxed);
    slots_.front() = slots_.back();
    slots_.pop_back();
    if (!slots_.empty())
      sink(0);
    else if (slots_.capacity() > 4096)
      slots_ = {}; // memory for a burst is not kept for ever
    return top;
  }

  void drop_dead_top() noexcept {
    while (!slots_.empty()
           && slots_.front().item->dead.load(std::memory_order_relaxed)) {
      --dead_;
      take_top()->discard();
    }
  }

  void purge() noexcept {
    std::size_t kept = 0;
    for (slot& x : slots_) {
      if (x.item->dead.load(std::memory_order_relaxed)) {
        x.item->waits.store(false, std::memory_order_relaxed);
        x.item->discard();
      } else {
        slots_[kept++] = x;
      }
    }
    slots_.resize(kept);
    dead_ = 0;
    for (std::size_t i = kept / 4 + 1; i-- > 0;)
      if (i < kept)
        sink(i);
  }

  void rise(std::size_t place) noexcept {
    slot moving = slots_[place];
    while (place > 0) {
      std::size_t parent = (place - 1) / 4;
      if (!moving.before(slots_[parent]))
        break;
      slots_[place] = slots_[parent];
      place = parent;
    }
    slots_[place] = moving;
  }

  void sink(std::size_t place) noexcept {
    slot moving = slots_[place];
    for (;;) {
      std::size_t child = place * 4 + 1;
      if (child >= slots_.size())
        break;
      std::size_t end = child + 4 < slots_.size() ? child + 4 : slots_.size();
      std::size_t best = child;
      while (++child < end)
        if (slots_[child].before(slots_[best]))
          best = child;
      if (!slots_[best].before(moving))
        break;
      slots_[place] = slots_[best];
      place = best;
    }
    slots_[place] = moving;
  }

  std::vector<slot> slots_;
  std::size_t dead_ = 0;
  std::uint64_t sequence_ = 0;
};

} // namespace troupe::detail
