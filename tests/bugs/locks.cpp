// Wrong semaphores and locks.

#include "bugs/bank.hpp"

#include <deque>
#include <memory>
#include <utility>

using namespace troupe;
using namespace std::chrono_literals;

namespace bugs {

namespace {

using line = std::deque<future<void>>;

// -- a wake-up is lost in a release -------------------------------------------

// Like libcoro#388: two releases before the waker runs wake one.
template <bool Right>
class lazy_semaphore {
public:
  explicit lazy_semaphore(int free) {
    data_->free = free;
  }

  coro<void> acquire() {
    if (data_->free > 0) {
      --data_->free;
      co_return;
    }
    auto turn = future<void>::make();
    data_->waiting.push_back(turn);
    co_await turn;
  }

  void release() {
    ++data_->free;
    if (!std::exchange(data_->woken, true))
      get_running_loop().call_soon([data = data_] { wake(*data); });
  }

private:
  // The callback may run when the program has ended.
  struct data {
    int free = 0;
    bool woken = false;
    line waiting;
  };

  static void wake(data& mine) {
    mine.woken = false;
    while (mine.free > 0 && !mine.waiting.empty()) {
      --mine.free;
      mine.waiting.front().set_result();
      mine.waiting.pop_front();
      if (!Right)
        break;
    }
  }

  std::shared_ptr<data> data_ = std::make_shared<data>();
};

template <class Semaphore>
coro<void> hold(Semaphore& semaphore, int turns) {
  co_await semaphore.acquire();
  try {
    co_await spin(turns);
  } catch (const cancelled_error&) {
    semaphore.release();
    throw;
  }
  semaphore.release();
}

// Two who must be inside together.
template <class Semaphore>
coro<void> meet(Semaphore& semaphore, int& inside, future<void> both) {
  co_await spin(1);
  co_await semaphore.acquire();
  if (++inside == 2)
    both.set_result();
  co_await both;
  semaphore.release();
}

template <bool Right>
coro<void> lost_in_release() {
  lazy_semaphore<Right> semaphore{2};
  int inside = 0;
  auto both = future<void>::make();
  auto a = create_task(hold(semaphore, 2), "holds for 2 turns");
  auto b = create_task(hold(semaphore, 5), "holds for 5 turns");
  auto c = create_task(meet(semaphore, inside, both), "meets");
  auto d = create_task(meet(semaphore, inside, both), "meets too");
  co_await a;
  co_await b;
  co_await c;
  co_await d;
  co_await spin(1); // for the waker
}

// -- a permit is lost on a cancelled acquire ----------------------------------

// Like CPython#90155: granted, then cancelled, and nobody has it.
template <bool Right>
class forgetful_semaphore {
public:
  coro<void> acquire() {
    if (free_ > 0) {
      --free_;
      co_return;
    }
    auto turn = future<void>::make();
    line_.push_back(turn);
    try {
      co_await turn;
    } catch (const cancelled_error&) {
      std::erase(line_, turn);
      if (Right && turn.done() && !turn.cancelled())
        release();
      throw;
    }
  }

  void release() {
    while (!line_.empty()) {
      auto next = line_.front();
      line_.pop_front();
      if (next.done())
        continue;
      next.set_result();
      return;
    }
    ++free_;
  }

private:
  int free_ = 1;
  line line_;
};

template <bool Right>
coro<void> lost_permit() {
  forgetful_semaphore<Right> semaphore;
  auto first = create_task(hold(semaphore, 3), "first");
  auto impatient = create_task(hold(semaphore, 1), "impatient");
  auto patient = create_task(hold(semaphore, 1), "patient");
  auto canceller = create_task(cancel_after(impatient, 9), "canceller");
  co_await first;
  co_await canceller;
  co_await ended(impatient);
  co_await patient;
}

// -- a grant to a dead waiter -------------------------------------------------

// Like CPython#90155 and libcoro#107: the lock goes to who was cancelled.
template <bool Right>
class handed_lock {
public:
  coro<void> acquire() {
    if (!held_) {
      held_ = true;
      co_return;
    }
    auto turn = future<void>::make();
    line_.push_back(turn);
    try {
      co_await turn;
    } catch (const cancelled_error&) {
      std::erase(line_, turn);
      if (turn.done() && !turn.cancelled())
        release();
      throw;
    }
  }

  void release() {
    while (!line_.empty()) {
      auto next = line_.front();
      line_.pop_front();
      bool alive = !next.done();
      if (alive)
        next.set_result();
      if (alive || !Right)
        return;
    }
    held_ = false;
  }

private:
  bool held_ = false;
  line line_;
};

template <bool Right>
coro<void> dead_waiter() {
  handed_lock<Right> lock;
  auto first = create_task(hold(lock, 6), "first");
  auto impatient = create_task(hold(lock, 1), "impatient");
  auto patient = create_task(hold(lock, 1), "patient");
  auto canceller = create_task(cancel_after(impatient, 2), "canceller");
  co_await first;
  co_await canceller;
  co_await ended(impatient);
  co_await patient;
}

// -- a release of a free lock lets two in -------------------------------------

// Like the semaphores that CPython guards against by BoundedSemaphore: whoever
// leaves releases, also if he was cancelled in line.
class counted_lock {
public:
  coro<void> acquire() {
    while (free_ == 0) {
      auto turn = future<void>::make();
      line_.push_back(turn);
      try {
        co_await turn;
      } catch (const cancelled_error&) {
        std::erase(line_, turn);
        if (turn.done() && !turn.cancelled())
          wake();
        throw;
      }
    }
    --free_;
  }

  void release() {
    ++free_;
    wake();
  }

private:
  void wake() {
    while (!line_.empty() && line_.front().done())
      line_.pop_front();
    if (line_.empty())
      return;
    line_.front().set_result();
    line_.pop_front();
  }

  int free_ = 1;
  line line_;
};

template <bool Right>
coro<void> guarded(counted_lock& lock, int& inside) {
  bool entered = false;
  try {
    co_await lock.acquire();
    entered = true;
    test::require(++inside == 1, "one at a time");
    co_await spin(2);
  } catch (const cancelled_error&) {
  }
  if (entered)
    --inside;
  if (entered || !Right)
    lock.release();
}

template <bool Right>
coro<void> two_let_in() {
  counted_lock lock;
  int inside = 0;
  auto a = create_task(guarded<Right>(lock, inside), "a");
  auto b = create_task(guarded<Right>(lock, inside), "b");
  auto canceller = create_task(cancel_after(b, 7), "canceller");
  auto c = create_task(guarded<Right>(lock, inside), "c");
  co_await a;
  co_await canceller;
  co_await ended(b);
  co_await c;
}

} // namespace

std::vector<seeded_bug> lock_bugs() {
  return {{"semaphore: a wake-up is lost in a release", "libcoro#388",
           "deadlock", among_others<lost_in_release<false>>,
           among_others<lost_in_release<true>>},
          {"semaphore: a permit is lost on a cancelled acquire",
           "CPython#90155", "deadlock", among_others<lost_permit<false>>,
           among_others<lost_permit<true>>},
          {"lock: a grant to a dead waiter", "libcoro#107", "deadlock",
           among_others<dead_waiter<false>>, among_others<dead_waiter<true>>},
          {"lock: a release of a free one lets two in", "BoundedSemaphore",
           "exception", among_others<two_let_in<false>>,
           among_others<two_let_in<true>>}};
}

} // namespace bugs
