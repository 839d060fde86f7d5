// Wrong conditions, events and barriers.

#include "bugs/bank.hpp"

#include <deque>
#include <memory>
#include <stdexcept>

using namespace troupe;
using namespace std::chrono_literals;

namespace bugs {

namespace {

// -- a notify is lost between release and wait --------------------------------

class plain_lock {
public:
  coro<void> acquire() {
    if (!held_) {
      held_ = true;
      co_return;
    }
    auto turn = future<void>::make();
    line_.push_back(turn);
    co_await turn;
  }

  void release() {
    if (line_.empty()) {
      held_ = false;
      return;
    }
    line_.front().set_result();
    line_.pop_front();
  }

private:
  bool held_ = false;
  std::deque<future<void>> line_;
};

// Like CPython's first asyncio.Condition: steps into line after the release.
template <bool Right>
class hasty_condition {
public:
  explicit hasty_condition(plain_lock& lock) : lock_(lock) {}

  coro<void> wait() {
    auto turn = future<void>::make();
    if (Right)
      line_.push_back(turn);
    lock_.release();
    co_await sleep(0s);
    if (!Right)
      line_.push_back(turn);
    co_await turn;
    co_await lock_.acquire();
  }

  void notify() {
    if (line_.empty())
      return;
    line_.front().set_result();
    line_.pop_front();
  }

private:
  plain_lock& lock_;
  std::deque<future<void>> line_;
};

template <bool Right>
coro<void> wait_until(plain_lock& lock, hasty_condition<Right>& condition,
                      bool& ready) {
  co_await lock.acquire();
  while (!ready)
    co_await condition.wait();
  lock.release();
}

template <bool Right>
coro<void> lost_notify() {
  plain_lock lock;
  hasty_condition<Right> condition{lock};
  bool ready = false;
  auto waiter = create_task(wait_until(lock, condition, ready), "waiter");
  co_await spin(4);
  co_await lock.acquire();
  ready = true;
  condition.notify();
  lock.release();
  co_await waiter;
}

// -- a waiter is resumed after it is gone -------------------------------------

// Like cobalt#194: a cancelled waiter stays in the list. The flag stands for
// the memory that a real one would touch.
template <bool Right>
class stale_event {
public:
  coro<void> wait() {
    auto alive = std::make_shared<bool>(true);
    auto turn = future<void>::make();
    line_.push_back({turn, alive});
    bool interrupted = false;
    try {
      co_await turn;
    } catch (const cancelled_error&) {
      interrupted = true;
    }
    *alive = false;
    if (interrupted && Right)
      std::erase_if(line_, [&](const waiter& x) { return x.turn == turn; });
    if (interrupted)
      throw cancelled_error{};
  }

  void set() {
    for (const waiter& each : line_) {
      test::require(*each.alive, "nobody resumes a waiter that is gone");
      if (!each.turn.done())
        each.turn.set_result();
    }
    line_.clear();
  }

private:
  struct waiter {
    future<void> turn;
    std::shared_ptr<bool> alive;
  };

  std::vector<waiter> line_;
};

template <bool Right>
coro<void> set_after(stale_event<Right>& event, int turns) {
  co_await spin(turns);
  event.set();
}

template <bool Right>
coro<void> gone_waiter() {
  stale_event<Right> event;
  auto waiter = create_task(event.wait(), "waiter");
  auto setter = create_task(set_after(event, 3), "setter");
  auto canceller = create_task(cancel_after(waiter, 7), "canceller");
  co_await setter;
  co_await canceller;
  event.set(); // for a waiter who came late
  co_await ended(waiter);
}

// -- an event is cleared before the woken one has looked ----------------------

// Like the events on condition variables that look again after waking.
template <bool Right>
class doubting_event {
public:
  coro<void> wait() {
    while (!set_) {
      auto turn = future<void>::make();
      line_.push_back(turn);
      co_await turn;
      if (Right)
        break;
    }
  }

  void set() {
    set_ = true;
    for (const auto& each : line_)
      each.set_result();
    line_.clear();
  }

  void clear() {
    set_ = false;
  }

  bool awaited() const {
    return !line_.empty();
  }

private:
  bool set_ = false;
  std::vector<future<void>> line_;
};

template <bool Right>
coro<void> short_pulse() {
  doubting_event<Right> event;
  auto waiter = create_task(event.wait(), "waiter");
  while (!event.awaited())
    co_await sleep(0s);
  event.set();
  co_await spin(3);
  event.clear();
  co_await waiter;
}

// -- a barrier is aborted while its last generation leaves --------------------

// Like CPython's asyncio.Barrier: who is woken asks the barrier, not his own
// generation.
template <bool Right>
class shaky_barrier {
public:
  // False if it was aborted.
  coro<bool> wait() {
    auto mine = now_;
    if (broken_)
      co_return false;
    if (++count_ == 2) {
      count_ = 0;
      now_ = std::make_shared<generation>();
      mine->open.set_result();
      co_return true;
    }
    auto open = mine->open;
    co_await open;
    co_return !(Right ? mine->broken : broken_);
  }

  void abort() {
    broken_ = now_->broken = true;
    if (!now_->open.done())
      now_->open.set_result();
  }

private:
  struct generation {
    future<void> open = future<void>::make();
    bool broken = false;
  };

  std::shared_ptr<generation> now_ = std::make_shared<generation>();
  int count_ = 0;
  bool broken_ = false;
};

template <bool Right>
coro<void> pass(shaky_barrier<Right>& barrier, int turns, int& passed) {
  co_await spin(turns);
  bool through = co_await barrier.wait();
  passed += through;
}

template <bool Right>
coro<void> abort_race() {
  shaky_barrier<Right> barrier;
  int passed = 0;
  auto a = create_task(pass(barrier, 0, passed), "a");
  auto b = create_task(pass(barrier, 3, passed), "b");
  co_await spin(7);
  barrier.abort();
  co_await a;
  co_await b;
  test::require(passed != 1, "both pass or none");
}

} // namespace

std::vector<seeded_bug> signal_bugs() {
  return {
    {"condition: a notify is lost between release and wait",
     "asyncio.Condition", "deadlock", among_others<lost_notify<false>>,
     among_others<lost_notify<true>>},
    {"event: a waiter is resumed after it is gone", "cobalt#194", "exception",
     among_others<gone_waiter<false>>, among_others<gone_waiter<true>>},
    {"event: a short pulse is not seen", "events on conditions", "deadlock",
     among_others<short_pulse<false>>, among_others<short_pulse<true>>},
    {"barrier: aborted while a generation leaves", "asyncio.Barrier",
     "exception", among_others<abort_race<false>>,
     among_others<abort_race<true>>}};
}

} // namespace bugs
