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

enum class waiting : std::uint8_t { no, asleep, in_reactor };

// How the worker of a loop with one worker waits, and others wake it. Foreign
// threads gave it a job: either the worker sees the job, or the thread sees
// that the worker waits. It sleeps as long as the loop has no use for the
// reactor, and is woken from that when it has, also by a signal handler.
template <class Sync = std_threads>
class basic_doorbell {
public:
  // The worker looks for jobs after this, and waits like that if there is none.
  [[nodiscard]] waiting listen() noexcept {
    if (uses_reactor()) {
      how_.store(waiting::in_reactor, std::memory_order_seq_cst);
      return waiting::in_reactor;
    }
    how_.store(waiting::asleep, std::memory_order_seq_cst);
    return reactor_.load(std::memory_order_seq_cst) ? waiting::no
                                                    : waiting::asleep;
  }

  void leave() noexcept {
    how_.store(waiting::no, std::memory_order_relaxed);
  }

  // After giving it a job: what the worker must be woken from.
  [[nodiscard]] waiting ring() noexcept {
    return how_.exchange(waiting::no, std::memory_order_seq_cst);
  }

  // From now on the worker waits in the reactor; true if it must be woken from
  // its sleep. If it does not sleep now, it sees this before it does.
  [[nodiscard]] bool move_to_reactor() noexcept {
    reactor_.store(true, std::memory_order_seq_cst);
    waiting how = how_.load(std::memory_order_seq_cst);
    return how == waiting::asleep
        && how_.compare_exchange_strong(how, waiting::no,
                                        std::memory_order_relaxed,
                                        std::memory_order_relaxed);
  }

  // relaxed: who must know at once is woken.
  bool uses_reactor() const noexcept {
    return reactor_.load(std::memory_order_relaxed);
  }

private:
  typename Sync::template atomic<waiting> how_{waiting::no};
  typename Sync::template atomic<bool> reactor_{false};
};

// What a worker did that had nothing to do.
enum class parked : std::uint8_t {
  no,      // it slept, or there was a job after all
  polled,  // it had the poller's role
  watched, // and watched the others
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
// wakes a sleeper if there is one, and who goes to sleep asked for the role in
// vain. It asked before the role was given up, and is seen, or it looks again.
//
// A job that is the only one of its worker wakes nobody as long as the poller
// watches: while others work it waits for a short time only, looks whether they
// get on, and takes the job of one that does not. Whoever pushes such a job
// works, so the poller watches, or is about to wait and sees that somebody
// works, or the pusher sees that it does not watch.
//
// A home has
//   any_ready()       true if there is a job that an idle worker may take
//   stopping()        true if workers are to end
//   worker_count()    how many there are
//   look_at_progress(), watch_end()   for who watches: notes how far the others
//                     are; when to look again
//   next_deadline()   of the first timer, under the timers' lock
//   wait_for_events(deadline), interrupt_wait()   the reactor
//   take_events()     what the reactor has becomes ready
//   take_timers()     the timers that are due become ready
template <class Sync = std_threads>
class basic_parking {
public:
  // After a job was pushed. If it is not one of several, whoever watches sees
  // it in time.
  template <class Home>
  void job_came(Home& home, bool several) noexcept {
    if (!several && watches_.load(std::memory_order_relaxed))
      return;
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

  // Who has given the role up goes to work now: somebody else takes it.
  void hand_over() noexcept {
    // relaxed: who wanted the role in vain looked at our queue before that, we
    // look at it after giving the role up, and its lock orders this.
    if (idle_.load(std::memory_order_relaxed) == 0)
      return;
    std::lock_guard lock{mutex_};
    if (!polling_.load(std::memory_order_relaxed) && sleepers_ > wakeups_) {
      ++wakeups_;
      changed_.notify_one();
    }
  }

  // Returns when there may be something to do.
  template <class Home>
  parked park(Home& home) {
    idle_.fetch_add(1, std::memory_order_seq_cst);
    parked how = parked::no;
    if (!home.any_ready() && !home.stopping()) {
      if (try_poll())
        how = poll(home);
      else
        sleep(home);
    }
    idle_.fetch_sub(1, std::memory_order_relaxed);
    if (how != parked::no)
      home.take_timers();
    return how;
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
  parked poll(Home& home) {
    // Whoever came before with a job and did not find us here is seen from now
    // on: the job, and that it is not idle.
    poll_blocks_.exchange(true, std::memory_order_acquire);
    std::int64_t due = home.next_deadline();
    poll_deadline_.store(due, std::memory_order_relaxed);
    // A timer may have come before the deadline was seen.
    std::int64_t until = home.next_deadline();
    if (due < until)
      until = due;
    // relaxed: we looked at all queues since the last wait. Whoever pushed a
    // job before that is not counted as idle; who pushes one after it sees that
    // we do not watch.
    bool watch = idle_.load(std::memory_order_relaxed) < home.worker_count();
    if (watch) {
      home.look_at_progress();
      if (home.watch_end() < until)
        until = home.watch_end();
      watches_.store(true, std::memory_order_relaxed);
    }
    if (!home.any_ready() && !home.stopping())
      home.wait_for_events(until);
    watches_.store(false, std::memory_order_relaxed);
    poll_blocks_.store(false, std::memory_order_relaxed);
    poll_deadline_.store(0, std::memory_order_relaxed);
    home.take_events();
    end_poll();
    return watch ? parked::watched : parked::polled;
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
    if (poll_blocks_.exchange(false, std::memory_order_release))
      home.interrupt_wait();
  }

  template <class T>
  using atomic = typename Sync::template atomic<T>;
  template <class T>
  using plain = typename Sync::template plain<T>;

  atomic<int> idle_{0};
  atomic<bool> polling_{false};
  atomic<bool> poll_blocks_{false}; // the poller waits, or is about to
  atomic<bool> watches_{false};     // and not for long
  atomic<std::int64_t> poll_deadline_{0};
  typename Sync::mutex mutex_;
  typename Sync::condition changed_;
  plain<int> sleepers_ = 0;
  plain<int> wakeups_ = 0; // given to sleepers who have not woken yet
};

} // namespace troupe::detail
