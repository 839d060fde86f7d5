// One worker, on the thread that runs the loop, in asyncio's order.

#include "runtime/clock.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/pool_care.hpp"

#include <algorithm>

namespace troupe::detail {

// asyncio's turn: sockets, timers, then exactly the jobs that are ready now.
void loop_core::turn() {
  injected_.take(first_.ready);
  bool idle = first_.ready.empty();
  if (idle || since_poll_ >= poll_interval) {
    poll(idle && !stopping_.load(std::memory_order_relaxed));
    injected_.take(first_.ready);
    collect_timers();
  } else if (!timers_.empty()) {
    collect_timers();
  }
  std::size_t count = first_.ready.size();
  since_poll_ += count;
  if (debug.load(std::memory_order_relaxed)) {
    for (; count > 0 && !exiting_.load(std::memory_order_relaxed); --count)
      run_slow_watched(*first_.ready.pop());
    return;
  }
  for (; count > 0; --count) {
    first_.ready.pop()->run();
    if (exiting_.load(std::memory_order_relaxed))
      return;
  }
}

poll_guest& loop_core::take_guest() noexcept {
  poll_guest& guest = *first_guest_;
  first_guest_ = std::exchange(guest.next_guest, nullptr);
  if (!first_guest_)
    last_guest_ = &first_guest_;
  --guests_;
  return guest;
}

// Those that have waited longest ask the reactor.
void loop_core::ask_for_guests(std::size_t count) noexcept {
  for (; count > 0; --count)
    take_guest().before_poll(); // it may be gone now
}

// Those that have waited longest look themselves, each once before it asks;
// true if one of them has ended.
bool loop_core::let_guests_look(std::size_t count) noexcept {
  bool ended = false;
  for (; count > 0; --count) {
    poll_guest& guest = take_guest();
    if (guest.looked) {
      guest.before_poll();
    } else if (guest.look()) {
      ended = true; // it may be gone now
    } else {
      invite(guest);
      guest.looked = true;
    }
  }
  return ended;
}

void loop_core::poll(bool may_block) {
  bool many = guests_ >= many_guests;
  if (may_block && many) {
    // Who was served some time ago mostly has data again, and no look at the
    // sockets is needed to see it: until as many were served.
    may_block = since_poll_ < guests_;
    if (may_block && let_guests_look(guests_ / 2))
      return;
  }
  since_poll_ = 0;
  // While there is work the younger half waits for another turn.
  ask_for_guests(may_block || !many ? guests_ : guests_ / 2);
  std::int64_t wait = pool_tend();
  if (may_block && !timers_.empty())
    wait = std::min(wait, timers_.earliest() - now());
  if (may_block && wait > 0 && !looks_once_) {
    waiting how = doorbell_.listen();
    if (injected_.empty() && !stopping_.load(std::memory_order_seq_cst)) {
      if (how == waiting::in_reactor)
        wait_in_reactor(wait);
      else if (how == waiting::asleep)
        wait_asleep(wait);
    }
    doorbell_.leave();
  }
  if (std::exchange(looks_once_, false) || doorbell_.uses_reactor())
    io_.poll();
}

// The longest wait, as in asyncio: a sum must not overflow.
constexpr std::int64_t day = 86'400'000'000'000;

void loop_core::wait_in_reactor(std::int64_t longest) {
  if (longest == pool_care::never)
    io_.run_one(); // asks no clock
  else
    io_.run_one_for(std::chrono::nanoseconds{std::min(longest, day)});
}

// Without sockets: a thread that brings something has no lock to take then, and
// the limit is not rounded up to a millisecond. A sanitizer puts a signal's
// handler off to a call that it knows: the reactor makes one.
void loop_core::wait_asleep(std::int64_t longest) {
  std::int64_t until = -1;
  if (longest != pool_care::never)
    until = steady_now() + std::min(longest, day);
  if (!sleep_.wait_until(until))
    static_cast<void>(doorbell_.move_to_reactor());
}

void loop_core::run_exclusive() {
  pool_care care;
  while (!exiting_.load(std::memory_order_relaxed)) {
    turn();
    if (stopping_.load(std::memory_order_relaxed))
      break;
  }
}

} // namespace troupe::detail
