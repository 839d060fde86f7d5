#pragma once

#include "runtime/parking.hpp"
#include "runtime/ready_queue.hpp"

#include <utility>

namespace troupe::detail {

// How several workers share jobs. A worker has a `ready` queue under a `lock`,
// and, under it too, the number of jobs that it `begun`, and what of that the
// last watcher has `seen`; a home is one for `basic_parking`, and has
//   parking(), injected()   as in loop_core
//   any_worker(f)           true if `f` is, for one of the workers
//   should_poll(worker)     true if sockets had no look for long
//   run(job)
//
// The last job of a queue is left to its worker, which most likely runs it
// sooner than anybody else could, and has what it needs in its caches: tasks
// that wake each other stay together. Only a worker that was seen to be busy
// with one job for a while (basic_parking) loses it.
struct crew {
  // Runs jobs until the home stops.
  template <class Home, class Worker>
  static void work(Home& home, Worker& me) {
    bool gave_up_poll = false;
    bool watched = false;
    while (!home.stopping()) {
      if (home.should_poll(me) && home.parking().try_poll()) {
        home.take_events();
        home.parking().end_poll();
        home.take_timers();
        gave_up_poll = true;
      }
      auto* next = next_job(home, me, std::exchange(watched, false));
      if (!next) {
        parked how = home.parking().park(home);
        watched = how == parked::watched;
        gave_up_poll = gave_up_poll || how != parked::no;
        continue;
      }
      if (std::exchange(gave_up_poll, false))
        home.parking().hand_over();
      home.run(*next);
    }
  }

  // Makes a job ready, on one of the workers.
  template <class Home, class Worker, class Job>
  static void push(Home& home, Worker& me, Job& item) noexcept {
    me.lock.lock();
    me.ready.push(item);
    bool several = me.ready.size() > 1;
    me.lock.unlock();
    home.parking().job_came(home, several);
  }

  // Makes a job ready, from any thread; false if the home is closed.
  template <class Home, class Job>
  static bool inject(Home& home, Job& item) noexcept {
    if (!home.injected().push(item))
      return false;
    home.parking().job_came(home, true);
    return true;
  }

  // True if there is a job that an idle worker may take.
  template <class Home>
  static bool any_ready(Home& home) noexcept {
    return !home.injected().empty() || home.any_worker([](auto& one) {
      one.lock.lock();
      bool some = one.ready.size() > 1;
      one.lock.unlock();
      return some;
    });
  }

  // Who watches remembers how far each worker is.
  template <class Home>
  static void look_at_progress(Home& home) noexcept {
    home.any_worker([](auto& one) {
      one.lock.lock();
      one.seen = one.begun;
      one.lock.unlock();
      return false;
    });
  }

private:
  // What the worker does next; null if it found nothing. `watched`: it was a
  // watcher until now.
  template <class Home, class Worker>
  static auto next_job(Home& home, Worker& me, bool watched) noexcept {
    if (!home.injected().empty()) {
      // Under the lock: who sees that nothing is injected any more must see it
      // here.
      me.lock.lock();
      home.injected().take(me.ready);
      bool several = me.ready.size() > 1;
      me.lock.unlock();
      if (several)
        home.parking().job_came(home, true);
    }
    auto* next = pop(me);
    if (!next && home.any_worker([&](Worker& other) {
          return steal(home, other, me, watched);
        }))
      next = pop(me);
    return next;
  }

  template <class Worker>
  static auto pop(Worker& me) noexcept {
    me.lock.lock();
    auto* next = me.ready.pop();
    if (next)
      ++me.begun;
    me.lock.unlock();
    return next;
  }

  // Takes the older half of a queue, at most 32 jobs.
  template <class Home, class Worker>
  static bool steal(Home& home, Worker& victim, Worker& me,
                    bool watched) noexcept {
    if (&victim == &me)
      return false;
    decltype(me.ready) loot;
    victim.lock.lock();
    std::size_t size = victim.ready.size();
    bool stands = watched && victim.begun == victim.seen;
    std::size_t half = size == 1 && stands ? 1 : size / 2;
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
      home.parking().job_came(home, true);
    return true;
  }
};

} // namespace troupe::detail
