#pragma once

#include <troupe/detail/atomics.hpp>

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace troupe::detail {

struct std_threads : std_atomics {
  using mutex = std::mutex;
  using condition = std::condition_variable;
};

// How the worker of a loop with one worker waits in the reactor, and foreign
// threads that gave it a job wake it. All is seq_cst: either the worker sees
// the job, or the thread sees that the worker waits.
template <class Sync = std_threads>
class basic_doorbell {
public:
  // The worker looks for jobs after this, and waits if there is none.
  void listen() noexcept {
    listens_.store(true, std::memory_order_seq_cst);
  }

  void leave() noexcept {
    listens_.store(false, std::memory_order_relaxed);
  }

  // After giving it a job; true if the worker must be woken.
  bool ring() noexcept {
    return listens_.exchange(false, std::memory_order_seq_cst);
  }

private:
  typename Sync::template atomic<bool> listens_{false};
};

// How the workers of a loop with several wait while there is nothing to do. One
// of them, the poller, waits in the reactor, the others on a condition
// variable.
//
// A job is not lost between a push and a parking: the pusher pushes, then looks
// for idle workers; who parks counts as idle, then looks at all queues. One of
// them sees the other, because both sides are seq_cst or under the same lock.
//
// Somebody polls while somebody sleeps: who gives the role up and goes to work
// took a job under a lock. Who goes to sleep looks under that lock, too: it
// sees the job, or then that nobody polls. And if it slept before, the job's
// coming has woken one more.
//
// A home has
//   any_ready()       true if a job waits in a queue
//   stopping()        true if workers are to end
//   next_deadline()   of the first timer, under the timers' lock
//   wait_for_events(deadline), interrupt_wait()   the reactor
//   take_events()     what the reactor has becomes ready
//   take_timers()     the timers that are due become ready
template <class Sync = std_threads>
class basic_parking {
public:
  // After a job was pushed.
  template <class Home>
  void job_came(Home& home) noexcept {
    if (idle_.load(std::memory_order_seq_cst) > 0)
      wake_one(home);
  }

  // After a timer was added that comes before all others.
  template <class Home>
  void timer_came(Home& home, std::int64_t deadline) noexcept {
    // relaxed: the timers' lock orders this with the poller's second look.
    if (deadline < poll_deadline_.load(std::memory_order_relaxed)
        && poll_blocks_.load(std::memory_order_relaxed))
      home.interrupt_wait();
  }

  // Takes the poller's role, to look at the reactor without waiting.
  bool try_poll() noexcept {
    return !polling_.exchange(true, std::memory_order_acquire);
  }

  void end_poll() noexcept {
    polling_.store(false, std::memory_order_release);
  }

  // Returns when there may be something to do.
  template <class Home>
  void park(Home& home) {
    idle_.fetch_add(1, std::memory_order_seq_cst);
    bool polled = false;
    if (!home.any_ready() && !home.stopping()) {
      polled = try_poll();
      if (polled)
        poll(home);
      else
        sleep(home);
    }
    idle_.fetch_sub(1, std::memory_order_relaxed);
    if (polled)
      home.take_timers();
  }

  template <class Home>
  void wake_all(Home& home) noexcept {
    std::lock_guard lock{mutex_};
    wakeups_ = sleepers_;
    changed_.notify_all();
    home.interrupt_wait();
  }

private:
  template <class Home>
  void poll(Home& home) {
    poll_blocks_.store(true, std::memory_order_seq_cst);
    std::int64_t due = home.next_deadline();
    poll_deadline_.store(due, std::memory_order_relaxed);
    // A timer may have come before the deadline was seen.
    std::int64_t sooner = home.next_deadline();
    if (!home.any_ready() && !home.stopping())
      home.wait_for_events(sooner < due ? sooner : due);
    poll_blocks_.store(false, std::memory_order_relaxed);
    poll_deadline_.store(0, std::memory_order_relaxed);
    home.take_events();
    end_poll();
  }

  template <class Home>
  void sleep(Home& home) {
    std::unique_lock lock{mutex_};
    // Whoever pushed before saw nobody asleep; whoever pushes from now on
    // raises `wakeups_`.
    if (home.any_ready() || home.stopping()
        || !polling_.load(std::memory_order_relaxed))
      return;
    ++sleepers_;
    changed_.wait(lock, [this] { return wakeups_ > 0; });
    --wakeups_;
    --sleepers_;
  }

  template <class Home>
  void wake_one(Home& home) noexcept {
    {
      std::lock_guard lock{mutex_};
      if (sleepers_ > wakeups_) {
        ++wakeups_;
        changed_.notify_one();
        return;
      }
    }
    if (poll_blocks_.exchange(false, std::memory_order_seq_cst))
      home.interrupt_wait();
  }

  template <class T>
  using atomic = typename Sync::template atomic<T>;
  template <class T>
  using plain = typename Sync::template plain<T>;

  atomic<int> idle_{0};
  atomic<bool> polling_{false};
  atomic<bool> poll_blocks_{false}; // the poller waits, or is about to
  atomic<std::int64_t> poll_deadline_{0};
  typename Sync::mutex mutex_;
  typename Sync::condition changed_;
  plain<int> sleepers_ = 0;
  plain<int> wakeups_ = 0; // given to sleepers who have not woken yet
};

} // namespace troupe::detail
