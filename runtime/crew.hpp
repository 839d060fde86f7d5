#pragma once

#include "runtime/parking.hpp"
#include "runtime/ready_queue.hpp"

namespace troupe::detail {

// How several workers share jobs. A worker has a `ready` queue under a `lock`;
// a home is one for `basic_parking`, and has
//   parking(), injected()   as in loop_core
//   any_worker(f)           true if `f` is, for one of the workers
//   should_poll(worker)     true if sockets had no look for long
//   run(job)
struct crew {
  // Runs jobs until the home stops.
  template <class Home, class Worker>
  static void work(Home& home, Worker& me) {
    while (!home.stopping()) {
      if (home.should_poll(me) && home.parking().try_poll()) {
        home.take_events();
        home.parking().end_poll();
        home.take_timers();
      }
      if (auto* next = next_job(home, me))
        home.run(*next);
      else
        home.parking().park(home);
    }
  }

  // Makes a job ready, on one of the workers.
  template <class Home, class Worker, class Job>
  static void push(Home& home, Worker& me, Job& item) noexcept {
    me.lock.lock();
    me.ready.push(item);
    me.lock.unlock();
    home.parking().job_came(home);
  }

  // Makes a job ready, from any thread; false if the home is closed.
  template <class Home, class Job>
  static bool inject(Home& home, Job& item) noexcept {
    if (!home.injected().push(item))
      return false;
    home.parking().job_came(home);
    return true;
  }

  template <class Home>
  static bool any_ready(Home& home) noexcept {
    return !home.injected().empty() || home.any_worker([](auto& one) {
      one.lock.lock();
      bool some = !one.ready.empty();
      one.lock.unlock();
      return some;
    });
  }

private:
  // What the worker does next; null if it found nothing.
  template <class Home, class Worker>
  static auto next_job(Home& home, Worker& me) noexcept {
    if (!home.injected().empty()) {
      // Under the lock: who sees that nothing is injected any more must see it
      // here.
      me.lock.lock();
      home.injected().take(me.ready);
      bool several = me.ready.size() > 1;
      me.lock.unlock();
      if (several)
        home.parking().job_came(home);
    }
    auto* next = pop(me);
    if (!next && home.any_worker([&](Worker& other) {
          return steal(home, other, me);
        }))
      next = pop(me);
    return next;
  }

  template <class Worker>
  static auto pop(Worker& me) noexcept {
    me.lock.lock();
    auto* next = me.ready.pop();
    me.lock.unlock();
    return next;
  }

  // Takes the older half of a queue, at most 32 jobs.
  template <class Home, class Worker>
  static bool steal(Home& home, Worker& victim, Worker& me) noexcept {
    if (&victim == &me)
      return false;
    decltype(me.ready) loot;
    victim.lock.lock();
    std::size_t half = (victim.ready.size() + 1) / 2;
    loot.take(victim.ready, half < 32 ? half : 32);
    victim.lock.unlock();
    if (loot.empty())
      return false;
    bool several = loot.size() > 1;
    me.lock.lock();
    me.ready.take(loot, loot.size());
    me.lock.unlock();
    // Who looked for jobs meanwhile did not see these.
    if (several)
      home.parking().job_came(home);
    return true;
  }
};

} // namespace troupe::detail
