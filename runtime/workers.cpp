// Several workers: each has a queue, idle ones steal, and one of them waits in
// the reactor while the others wait on a condition variable.

#include "runtime/loop_core.hpp"

#include "runtime/actor_home.hpp"

#include <algorithm>

namespace troupe::detail {

void loop_core::run_parallel() {
  if (others_.empty())
    for (unsigned i = 1; i < threads; ++i) {
      others_.push_back(std::make_unique<worker>(*this));
      others_.back()->unit = actors_->make_unit(*others_.back());
    }
  std::vector<std::thread> crew;
  for (auto& other : others_)
    crew.emplace_back([this, &other] {
      this_worker = other.get();
      work(*other);
      this_worker = nullptr;
    });
  work(first_);
  for (auto& thread : crew)
    thread.join();
  // Jobs that wait go to the first worker, for the next run.
  for (auto& other : others_)
    first_.ready.take(other->ready, other->ready.size());
  idle_.store(0, std::memory_order_relaxed);
  std::lock_guard lock{park_mutex_}; // foreign threads may still wake us
  wakeups_ = 0;
}

void loop_core::work(worker& me) {
  while (!stopping_.load(std::memory_order_acquire)) {
    if (job* next = find_job(me)) {
      if (debug.load(std::memory_order_relaxed))
        run_slow_watched(*next);
      else
        next->run();
    } else {
      park(me);
    }
  }
}

job* loop_core::find_job(worker& me) {
  if (++me.ticks % poll_interval == 0 && poller_.try_lock()) {
    io_.poll();
    poller_.unlock();
    collect_timers();
  }
  if (!injected_.empty()) {
    me.lock.lock();
    injected_.take(me.ready);
    bool several = me.ready.size() > 1;
    me.lock.unlock();
    if (several && idle_.load(std::memory_order_relaxed) > 0)
      wake_one();
  }
  me.lock.lock();
  job* next = me.ready.pop();
  me.lock.unlock();
  if (next)
    return next;
  if (!steal(me))
    return nullptr;
  me.lock.lock();
  next = me.ready.pop();
  me.lock.unlock();
  return next;
}

// Takes the older half of somebody's queue, at most 32 jobs.
bool loop_core::steal(worker& me) {
  auto try_from = [&](worker& victim) {
    if (&victim == &me)
      return false;
    ready_queue loot;
    victim.lock.lock();
    loot.take(victim.ready, std::min<std::size_t>(
                              (victim.ready.size() + 1) / 2, 32));
    victim.lock.unlock();
    if (loot.empty())
      return false;
    me.lock.lock();
    me.ready.take(loot, loot.size());
    me.lock.unlock();
    return true;
  };
  if (try_from(first_))
    return true;
  for (auto& other : others_)
    if (try_from(*other))
      return true;
  return false;
}

bool loop_core::any_ready() noexcept {
  if (!injected_.empty())
    return true;
  auto has_jobs = [](worker& x) {
    x.lock.lock();
    bool some = !x.ready.empty();
    x.lock.unlock();
    return some;
  };
  if (has_jobs(first_))
    return true;
  for (auto& other : others_)
    if (has_jobs(*other))
      return true;
  return false;
}

void loop_core::park(worker&) {
  idle_.fetch_add(1, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (any_ready() || stopping_.load(std::memory_order_seq_cst)) {
    idle_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  if (poller_.try_lock()) {
    poller_blocks_.store(true, std::memory_order_seq_cst);
    timer_lock_.lock();
    std::int64_t due = timers_.empty() ? std::int64_t{1} << 62
                                       : timers_.earliest();
    timer_lock_.unlock();
    poller_deadline_.store(due, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    // A timer may have come before the deadline was seen.
    timer_lock_.lock();
    if (!timers_.empty() && timers_.earliest() < due)
      due = timers_.earliest();
    timer_lock_.unlock();
    if (!any_ready() && !stopping_.load(std::memory_order_seq_cst)) {
      std::int64_t wait = due - now();
      if (wait > 0)
        io_.run_one_for(std::chrono::nanoseconds{
          wait < 86'400'000'000'000 ? wait : 86'400'000'000'000});
    }
    poller_blocks_.store(false, std::memory_order_seq_cst);
    poller_deadline_.store(0, std::memory_order_relaxed);
    io_.poll();
    poller_.unlock();
    idle_.fetch_sub(1, std::memory_order_relaxed);
    collect_timers();
    // The reactor must not stay without a waiter while we work.
    if (idle_.load(std::memory_order_relaxed) > 0)
      wake_one();
    return;
  }
  std::unique_lock lock{park_mutex_};
  // Whoever pushed before saw nobody parked; whoever pushes from now on raises
  // `wakeups_`.
  if (!any_ready()) {
    ++parked_count_;
    parked_.wait(lock, [this] {
      return wakeups_ > 0 || stopping_.load(std::memory_order_relaxed);
    });
    if (wakeups_ > 0)
      --wakeups_;
    --parked_count_;
  }
  lock.unlock();
  idle_.fetch_sub(1, std::memory_order_relaxed);
}

void loop_core::wake_one() noexcept {
  {
    std::lock_guard lock{park_mutex_};
    if (parked_count_ > wakeups_) {
      ++wakeups_;
      parked_.notify_one();
      return;
    }
  }
  if (poller_blocks_.exchange(false, std::memory_order_seq_cst))
    wake_poller();
}

} // namespace troupe::detail
