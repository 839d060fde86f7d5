// Several workers: each has a queue, idle ones steal (crew.hpp), and one of
// them waits in the reactor while the others wait on a condition variable
// (parking.hpp).

#include "runtime/actor_home.hpp"
#include "runtime/loop_core.hpp"
#include "runtime/pool_care.hpp"

#include <algorithm>

namespace troupe::detail {

void loop_core::run_parallel() {
  pool_care care;
  if (others_.empty())
    for (unsigned i = 1; i < threads; ++i) {
      others_.push_back(std::make_unique<worker>(*this));
      others_.back()->unit = actors_->make_unit(*others_.back());
    }
  std::vector<std::thread> crew_threads;
  for (auto& other : others_)
    crew_threads.emplace_back([this, &other] {
      pool_care care_of_thread;
      this_worker = other.get();
      crew::work(*this, *other);
      this_worker = nullptr;
    });
  crew::work(*this, first_);
  for (auto& thread : crew_threads)
    thread.join();
  // Jobs that wait go to the first worker, for the next run.
  for (auto& other : others_)
    first_.ready.take(other->ready, other->ready.size());
}

// -- what the crew asks of its home -------------------------------------------

bool loop_core::should_poll(worker& me) noexcept {
  return ++me.ticks % poll_interval == 0;
}

void loop_core::run(job& item) {
  if (debug.load(std::memory_order_relaxed))
    run_slow_watched(item);
  else
    item.run();
}

bool loop_core::any_ready() noexcept {
  return crew::any_ready(*this);
}

void loop_core::look_at_progress() noexcept {
  crew::look_at_progress(*this);
}

std::int64_t loop_core::watch_end() const noexcept {
  return now() + patience;
}

bool loop_core::stopping() const noexcept {
  return stopping_.load(std::memory_order_acquire);
}

std::int64_t loop_core::next_deadline() noexcept {
  timer_lock_.lock();
  std::int64_t due
    = timers_.empty() ? std::int64_t{1} << 62 : timers_.earliest();
  timer_lock_.unlock();
  return due;
}

void loop_core::wait_for_events(std::int64_t deadline) {
  std::int64_t wait = std::min(deadline - now(), pool_tend());
  if (wait > 0)
    wait_in_reactor(wait);
}

void loop_core::interrupt_wait() noexcept {
  wake_poller();
}

void loop_core::take_events() {
  pool_tend();
  io_.poll();
}

void loop_core::take_timers() {
  collect_timers();
}

} // namespace troupe::detail
