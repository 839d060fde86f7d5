// Scenarios: cancellation, at every await.

#include "simulation/scenarios.hpp"

#include <stdexcept>

using namespace troupe;
using namespace scenarios;
using namespace std::chrono_literals;
using test::require;

namespace {

struct counter {
  explicit counter(int& x) : x_(x) {
    ++x_;
  }

  ~counter() {
    --x_;
  }

  int& x_;
};

coro<void> work_in_depth(int depth, int& open) {
  counter guard{open};
  co_await sleep(0s);
  if (depth > 0)
    co_await work_in_depth(depth - 1, open);
  co_await sleep(1ms);
}

// Swallows the first cancellation, if it comes while it waits.
coro<int> swallow() {
  int swallowed = 0;
  for (int i = 0; i < 4; ++i) {
    try {
      co_await sleep(1ms);
    } catch (const cancelled_error&) {
      ++swallowed;
      current_task().uncancel();
    }
  }
  co_return swallowed;
}

coro<void> clean_up_with_awaits(int& open) {
  bool interrupted = false;
  ++open;
  try {
    co_await sleep(1ms);
    co_await spin(2);
  } catch (const cancelled_error&) {
    interrupted = true;
  }
  bool again = true;
  while (again) {
    try {
      co_await spin(2);
      co_await sleep(1ms);
      again = false;
    } catch (const cancelled_error&) {
      interrupted = true;
    }
  }
  --open;
  if (interrupted)
    throw cancelled_error{};
}

coro<void> wait_for_all(std::vector<task<void>>& all, std::size_t which) {
  co_await sleep(0s);
  auto target = all[which];
  co_await target;
}

} // namespace

TEST_CASE("scenario: a cancelled chain is unwound, frame by frame",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      int open = 0;
      auto target = create_task(work_in_depth(3, open));
      auto canceller = create_task(cancel_at(target, when));
      bool in_full = co_await finished(target);
      require(open == 0);
      require(in_full != target.cancelled());
      co_await canceller;
    },
    4);
}

TEST_CASE("scenario: cancelling a waiter cancels what it waits for",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      int open = 0;
      auto child = create_task(work_in_depth(1, open));
      auto body = [](task<void> x) -> coro<void> {
        co_await x;
      };
      auto parent = create_task(body(child));
      auto canceller = create_task(cancel_at(parent, when));
      bool parent_ended = co_await finished(parent);
      bool child_ended = co_await finished(child);
      co_await canceller;
      require(open == 0);
      // The parent may be cancelled before it waits, or behind the child's end.
      require(child_ended || !parent_ended);
    },
    2);
}

TEST_CASE("scenario: a cancelled future ends all who wait for it",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      auto x = future<void>::make();
      auto body = [](future<void> y) -> coro<void> {
        co_await sleep(1ms);
        co_await y;
      };
      auto a = create_task(body(x));
      auto b = create_task(body(x));
      auto canceller = create_task(cancel_at(a, when));
      co_await sleep(2ms);
      if (!x.done())
        x.set_result();
      bool first = co_await finished(a);
      bool second = co_await finished(b);
      co_await canceller;
      require(second == !x.cancelled());
      require(first || a.cancelled());
    },
    2);
}

TEST_CASE("scenario: a swallowed cancellation leaves a task alive",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      auto target = create_task(swallow());
      auto canceller = create_task(cancel_at(target, when));
      bool in_full = co_await finished(target);
      co_await canceller;
      // Before its first await nobody can swallow.
      if (in_full)
        require(target.result() <= 1);
      require(target.cancelling() == 0 || !in_full || target.result() == 0);
    },
    4);
}

TEST_CASE("scenario: a clean-up that awaits runs to its end, cancelled twice",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      int open = 0;
      auto target = create_task(clean_up_with_awaits(open));
      auto a = create_task(cancel_at(target, when));
      auto b = create_task(cancel_at(target, moment{1, 2}));
      bool in_full = co_await finished(target);
      co_await a;
      co_await b;
      require(open == 0);
      require(in_full == !target.cancelled());
    },
    3);
}

TEST_CASE("scenario: a result or a cancellation, never both", "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      auto x = future<int>::make();
      int got = 0;
      auto body = [](future<int> y, int& into) -> coro<void> {
        int value = co_await y;
        into = value;
      };
      auto target = create_task(body(x, got));
      auto canceller = create_task(cancel_at(target, when));
      co_await sleep(1ms);
      if (!x.done())
        x.set_result(5);
      bool in_full = co_await finished(target);
      co_await canceller;
      require(in_full == (got == 5));
    },
    2);
}

TEST_CASE("scenario: two cancellations, of which one may be taken back",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      int open = 0;
      auto target = create_task(work_in_depth(2, open));
      auto a = create_task(cancel_at(target, when));
      auto b = create_task(cancel_at(target, moment{when.milliseconds, 2}));
      bool in_full = co_await finished(target);
      co_await a;
      co_await b;
      require(open == 0);
      require(in_full || target.cancelling() >= 1);
    },
    3);
}

TEST_CASE("scenario: a generator that is cancelled cleans up", "[explore]") {
  struct source {
    static async_generator<int> numbers(int& open) {
      counter guard{open};
      for (int i = 0; i < 3; ++i) {
        co_await sleep(1ms);
        co_yield i;
      }
    }

    static coro<void> read(int& open, int& sum) {
      auto all = numbers(open);
      for (;;) {
        auto next = co_await all.next();
        if (!next)
          break;
        sum += *next;
        co_await sleep(0s);
      }
    }
  };
  explore_moments(
    [](moment when) -> coro<void> {
      int open = 0;
      int sum = 0;
      auto target = create_task(source::read(open, sum));
      auto canceller = create_task(cancel_at(target, when));
      bool in_full = co_await finished(target);
      co_await canceller;
      require(open == 0);
      require(!in_full || sum == 3);
    },
    4);
}

TEST_CASE("scenario: a cancellation opens a circle of tasks", "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      std::vector<task<void>> all;
      for (std::size_t i = 0; i < 3; ++i)
        all.push_back(create_task(wait_for_all(all, (i + 1) % 3)));
      auto canceller = create_task(cancel_at(all[1], when));
      for (auto& each : all) {
        bool in_full = co_await finished(each);
        require(!in_full);
      }
      co_await canceller;
    },
    1, 8, true);
}

TEST_CASE("scenario: work for a thread is cancelled before, in or after it",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      int runs = 0;
      int got = 0;
      auto body = [](int& count, int& into) -> coro<void> {
        auto work = [&count] {
          return ++count;
        };
        into = co_await to_thread(work);
      };
      auto target = create_task(body(runs, got));
      auto canceller = create_task(cancel_at(target, when));
      bool in_full = co_await finished(target);
      co_await canceller;
      co_await test::wait_all_tasks_blocked();
      require(runs <= 1);
      require(!in_full || (runs == 1 && got == 1));
    },
    1, 10);
}

TEST_CASE("scenario: an exception in a clean-up replaces the cancellation",
          "[explore]") {
  explore_moments(
    [](moment when) -> coro<void> {
      auto body = []() -> coro<void> {
        try {
          co_await sleep(1ms);
          co_await spin(2);
        } catch (const cancelled_error&) {
          throw std::runtime_error("broken clean-up");
        }
      };
      auto target = create_task(body());
      auto canceller = create_task(cancel_at(target, when));
      bool broken = false;
      bool in_full = false;
      try {
        in_full = co_await finished(target);
      } catch (const std::runtime_error&) {
        broken = true;
      }
      co_await canceller;
      require(broken + in_full + target.cancelled() == 1);
    },
    2);
}
