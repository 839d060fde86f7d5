#pragma once

#include <troupe/detail/coordinator.hpp>

#include "runtime/footprint.hpp"
#include "runtime/loop_core.hpp"

namespace troupe::detail {

// Gives up what a coordinator knows of its actor.
void drop_actor(void* known) noexcept;

// One change of a coordinator's data. With several workers, whom it wakes is
// answered at its end, when others may come in again: a woken task may even
// destroy the coordinator. On one thread the woken run later anyway.
class coordinator::turn {
public:
  // `shared` is what `enter` returned.
  turn(const coordinator& owner, bool shared) noexcept
    : owner_(shared ? &owner : nullptr) {
    if (footprints_wanted()) [[unlikely]]
      touch_in_step(owner.number_in_run_);
    if (owner_)
      owner_->busy_.lock();
  }

  ~turn() {
    if (owner_)
      owner_->busy_.unlock();
    for (letter* x = first_; x;) {
      letter* next = x->next; // an answered op may be gone at once
      static_cast<wait_op*>(x)->answer();
      x = next;
    }
  }

  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

  // Answers an op that has left its line.
  void wake(wait_op& x) noexcept {
    x.state_ = wait_state::answered;
    if (!owner_) {
      x.answer();
      return;
    }
    x.next = nullptr;
    (last_ ? last_->next : first_) = &x;
    last_ = &x;
  }

private:
  const coordinator* owner_;
  letter* first_ = nullptr;
  letter* last_ = nullptr;
};

inline bool coordinator::enter(loop_core& here) const {
  if (home_.load(std::memory_order_relaxed) == &here) [[likely]]
    return !here.exclusive();
  return enter_first(&here);
}

inline bool coordinator::enter() const {
  loop_core* here = this_worker ? &this_worker->home : nullptr;
  if (here && home_.load(std::memory_order_relaxed) == here) [[likely]]
    return !here->exclusive();
  return enter_first(here);
}

} // namespace troupe::detail
