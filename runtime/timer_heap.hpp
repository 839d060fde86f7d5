#pragma once

#include <troupe/detail/callback.hpp>

#include <cstdint>
#include <vector>

namespace troupe::detail {

// The waiting timers, the earliest on top; among equal deadlines the one that
// was added first. A heap of four children a node, in which each timer knows
// its place, so that cancelling needs no search.
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
    rise(slots_.size() - 1);
  }

  // False if the timer does not wait (any more).
  bool remove(timer& item) noexcept {
    if (item.index == timer::not_waiting)
      return false;
    std::size_t hole = item.index;
    item.index = timer::not_waiting;
    slot last = slots_.back();
    slots_.pop_back();
    if (hole < slots_.size()) {
      put(hole, last);
      rise(hole);
      sink(last.item->index);
    }
    shrink();
    return true;
  }

  // Takes the earliest timer if it is due at `now`.
  timer* take_due(std::int64_t now) noexcept {
    if (slots_.empty() || slots_.front().deadline > now)
      return nullptr;
    timer* due = slots_.front().item;
    remove(*due);
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

  void put(std::size_t place, const slot& x) noexcept {
    slots_[place] = x;
    x.item->index = static_cast<std::uint32_t>(place);
  }

  void rise(std::size_t place) noexcept {
    slot moving = slots_[place];
    while (place > 0) {
      std::size_t parent = (place - 1) / 4;
      if (!moving.before(slots_[parent]))
        break;
      put(place, slots_[parent]);
      place = parent;
    }
    put(place, moving);
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
      put(place, slots_[best]);
      place = best;
    }
    put(place, moving);
  }

  // Memory for a burst of timers is not kept for ever.
  void shrink() noexcept {
    if (slots_.empty() && slots_.capacity() > 4096)
      slots_ = {};
  }

  std::vector<slot> slots_;
  std::uint64_t sequence_ = 0;
};

} // namespace troupe::detail
