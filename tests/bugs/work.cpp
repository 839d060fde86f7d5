// Wrong queues, pools and schedulers.

#include "bugs/bank.hpp"

#include <deque>
#include <optional>
#include <utility>

using namespace troupe;
using namespace std::chrono_literals;

namespace bugs {

namespace {

// -- a queue's shutdown leaves a getter behind --------------------------------

// Like libcoro's PR 402: closes only after all in line were told.
template <bool Right>
class draining_queue {
public:
  coro<std::optional<int>> get() {
    std::optional<int> item;
    if (!items_.empty()) {
      item = items_.front();
      items_.pop_front();
      co_return item;
    }
    if (closed_)
      co_return item;
    auto turn = future<std::optional<int>>::make();
    line_.push_back(turn);
    item = co_await turn;
    co_return item;
  }

  void put(int item) {
    if (line_.empty()) {
      items_.push_back(item);
      return;
    }
    line_.front().set_result(item);
    line_.pop_front();
  }

  coro<void> shut_down() {
    if (Right)
      closed_ = true;
    for (const auto& each : line_)
      each.set_result(std::nullopt);
    line_.clear();
    co_await sleep(0s); // those who were told go first
    closed_ = true;
  }

private:
  bool closed_ = false;
  std::deque<int> items_;
  std::deque<future<std::optional<int>>> line_;
};

template <bool Right>
coro<void> consume(draining_queue<Right>& queue) {
  for (;;) {
    auto item = co_await queue.get();
    if (!item)
      break;
    co_await spin(2);
  }
}

template <bool Right>
coro<void> shutdown_deadlock() {
  draining_queue<Right> queue;
  auto a = create_task(consume(queue), "a");
  auto b = create_task(consume(queue), "b");
  queue.put(1);
  co_await spin(2);
  queue.put(2);
  co_await spin(8);
  co_await queue.shut_down();
  co_await a;
  co_await b;
}

// -- a pool's worker joins itself ---------------------------------------------

// Like libcoro#421: the last user ends the pool, and that may be a worker.
template <bool Right>
class counted_pool {
public:
  void start(int turns) {
    workers_.push_back(create_task(work(turns), "worker"));
  }

  coro<void> leave() {
    if (--users_ > 0)
      co_return;
    auto joiner = create_task(join(), "joiner");
    if (!Right)
      co_await joiner;
  }

  coro<void> ended() {
    co_await joined_;
  }

private:
  coro<void> work(int turns) {
    co_await spin(turns);
    co_await leave();
  }

  coro<void> join() {
    for (const auto& each : workers_)
      co_await each;
    joined_.set_result();
  }

  int users_ = 3; // two workers and the maker
  std::vector<task<void>> workers_;
  future<void> joined_ = future<void>::make();
};

template <bool Right>
coro<void> self_join() {
  counted_pool<Right> pool;
  pool.start(1);
  pool.start(2);
  co_await spin(6);
  co_await pool.leave();
  co_await pool.ended();
}

// -- a pair that plays ping-pong starves the others ---------------------------

// Like tokio's PR 5686: what a job makes ready runs next, before the queue.
template <bool Right>
class slot_scheduler {
public:
  enum job { ping, pong, other };

  void post(job x) {
    queue_.push_back(x);
    if (!wake_.done())
      wake_.set_result();
  }

  // Runs until the other job has had its turn.
  coro<void> run() {
    int left = 60; // the game ends
    for (;;) {
      while (!slot_ && queue_.empty()) {
        wake_ = future<void>::make();
        auto wake = wake_;
        co_await wake;
      }
      bool from_slot = slot_ && (!Right || in_a_row_ < 3 || queue_.empty());
      job next = from_slot ? *std::exchange(slot_, {}) : queue_.front();
      if (!from_slot)
        queue_.pop_front();
      in_a_row_ = from_slot ? in_a_row_ + 1 : 0;
      if (next == other)
        break;
      passed_over_ = queue_.empty() ? 0 : passed_over_ + 1;
      test::require(passed_over_ < 20, "nobody waits for 20 turns");
      if (--left > 0 && slot_)
        queue_.push_back(next == ping ? pong : ping);
      else if (left > 0)
        slot_ = next == ping ? pong : ping;
      co_await sleep(0s);
    }
  }

private:
  std::optional<job> slot_;
  std::deque<job> queue_;
  int in_a_row_ = 0;
  int passed_over_ = 0;
  future<void> wake_ = future<void>::make();
};

template <bool Right>
coro<void> post_after(slot_scheduler<Right>& scheduler, int turns,
                      typename slot_scheduler<Right>::job what) {
  co_await spin(turns);
  scheduler.post(what);
}

template <bool Right>
coro<void> starvation() {
  slot_scheduler<Right> scheduler;
  auto runner = create_task(scheduler.run(), "scheduler");
  auto a = create_task(post_after(scheduler, 1, scheduler.other), "a");
  auto b = create_task(post_after(scheduler, 4, scheduler.ping), "b");
  co_await a;
  co_await b;
  co_await runner;
}

// -- the last idle worker is not woken ----------------------------------------

// Like the searching workers of tokio: whoever posts relies on the one that
// searches, which has looked already.
template <bool Right>
class crew {
public:
  void post() {
    ++jobs_;
    if (searching_ == 0)
      wake();
  }

  void close() {
    closed_ = true;
    while (!parked_.empty())
      wake();
  }

  coro<void> work() {
    while (!closed_) {
      bool found = take();
      if (!found) {
        ++searching_;
        co_await sleep(0s); // looks at the others' queues
        --searching_;
        found = Right && take();
      }
      if (found) {
        if (++done_ == 2)
          all_done.set_result();
        co_await sleep(0s);
        continue;
      }
      if (closed_)
        break;
      auto turn = future<void>::make();
      parked_.push_back(turn);
      co_await turn;
    }
  }

  future<void> all_done = future<void>::make();

private:
  bool take() {
    return jobs_ > 0 && jobs_-- > 0;
  }

  void wake() {
    if (parked_.empty())
      return;
    parked_.front().set_result();
    parked_.pop_front();
  }

  int jobs_ = 0;
  int searching_ = 0;
  int done_ = 0;
  bool closed_ = false;
  std::deque<future<void>> parked_;
};

template <bool Right>
coro<void> missed_wake_up() {
  crew<Right> workers;
  auto a = create_task(workers.work(), "a");
  auto b = create_task(workers.work(), "b");
  co_await spin(4);
  workers.post();
  co_await spin(5);
  workers.post();
  co_await workers.all_done;
  workers.close();
  co_await a;
  co_await b;
}

} // namespace

std::vector<seeded_bug> work_bugs() {
  return {{"queue: its shutdown leaves a getter behind", "libcoro PR 402",
           "deadlock", among_others<shutdown_deadlock<false>>,
           among_others<shutdown_deadlock<true>>},
          {"pool: a worker joins itself", "libcoro#421", "deadlock",
           among_others<self_join<false>>, among_others<self_join<true>>},
          {"scheduler: a pair starves the others", "tokio PR 5686", "exception",
           among_others<starvation<false>>, among_others<starvation<true>>},
          {"workers: the last idle one is not woken",
           "tokio's searching workers", "deadlock",
           among_others<missed_wake_up<false>>,
           among_others<missed_wake_up<true>>}};
}

} // namespace bugs
