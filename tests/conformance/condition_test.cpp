// What asyncio's conditions promise.

#include <troupe/condition.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Waits once and goes on without the lock.
coro<void> wait_once(condition changed, record<int>& woken, int who) {
  auto held = co_await changed.scoped();
  co_await changed.wait();
  woken.add(who);
}

// Waits once and keeps the lock.
coro<void> wait_and_keep(condition changed, record<int>& woken, int who) {
  co_await changed.acquire();
  co_await changed.wait();
  woken.add(who);
}

// As `wait_once`; writes down whether the lock was held when it ended.
coro<void> wait_interrupted(condition changed, record<std::string>& seen) {
  auto held = co_await changed.scoped();
  try {
    co_await changed.wait();
  } catch (const cancelled_error& end) {
    seen.add(std::string{changed.locked() ? "locked" : "unlocked"} + " "
             + end.message());
    throw;
  }
  seen.add("woken");
}

} // namespace

TEST_CASE("condition: notified tasks go on one for each release of the lock "
          "(fact 187)",
          "[condition][order]") {
  record<int> woken;
  std::vector<std::vector<int>> seen;
  run([&]() -> coro<void> {
    condition changed;
    std::vector<task<>> all;
    for (int i = 1; i <= 3; ++i)
      all.push_back(create_task(wait_and_keep(changed, woken, i)));
    co_await turns(2);
    co_await changed.acquire();
    changed.notify();
    co_await turns(2);
    seen.push_back(woken.all());
    changed.release();
    co_await turns(2);
    seen.push_back(woken.all());
    changed.notify(2);
    changed.release();
    co_await turns(2);
    seen.push_back(woken.all());
    changed.release();
    co_await turns(2);
    seen.push_back(woken.all());
    changed.release();
  });

  CHECK(seen == std::vector<std::vector<int>>{{}, {1}, {1, 2}, {1, 2, 3}});
}

TEST_CASE("condition: waiting needs the lock (fact 188)", "[condition]") {
  for_each_worker_count([](run_options options) {
    std::error_code code;
    run(
      [&]() -> coro<void> {
        condition changed;
        code = co_await error_of_await(changed.wait());
      },
      options);

    CHECK(code == errc::not_acquired);
  });
}

TEST_CASE("condition: notifying needs the lock (fact 189)", "[condition]") {
  for_each_worker_count([](run_options options) {
    std::error_code one;
    std::error_code all;
    run(
      [&]() -> coro<void> {
        condition changed;
        one = error_of([&] { changed.notify(); });
        all = error_of([&] { changed.notify_all(); });
        co_return;
      },
      options);

    CHECK(one == errc::not_acquired);
    CHECK(all == errc::not_acquired);
  });
}

TEST_CASE("condition: all are notified in the order of their waiting "
          "(fact 191)",
          "[condition][order]") {
  record<int> woken;
  run([&]() -> coro<void> {
    condition changed;
    std::vector<task<>> all;
    for (int i = 1; i <= 5; ++i)
      all.push_back(create_task(wait_once(changed, woken, i)));
    co_await turns(2);
    {
      auto held = co_await changed.scoped();
      changed.notify_all();
    }
    for (auto& each : all)
      co_await each;
  });

  CHECK(woken.all() == std::vector{1, 2, 3, 4, 5});
}

TEST_CASE("condition: all that wait are notified (fact 191)", "[condition]") {
  for_each_worker_count([](run_options options) {
    record<int> woken;
    run(
      [&]() -> coro<void> {
        condition changed;
        std::vector<task<>> all;
        for (int i = 0; i < 50; ++i)
          all.push_back(create_task(wait_once(changed, woken, i)));
        co_await waiting_at(changed, 50);
        {
          auto held = co_await changed.scoped();
          changed.notify_all();
        }
        for (auto& each : all)
          co_await each;
      },
      options);

    CHECK(woken.size() == 50);
  });
}

TEST_CASE("condition: a cancelled wait ends with the lock held (fact 192)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    record<std::string> seen;
    std::string end;
    std::size_t left = 1;
    bool locked = true;
    run(
      [&]() -> coro<void> {
        condition changed;
        auto waiter = create_task(wait_interrupted(changed, seen));
        co_await waiting_at(changed, 1);
        waiter.cancel();
        end = co_await ending_of(waiter);
        left = changed.statistics().waiting;
        locked = changed.locked();
      },
      options);

    CHECK(seen.all() == std::vector<std::string>{"locked "});
    CHECK(end == "cancelled");
    CHECK(left == 0);
    CHECK_FALSE(locked);
  });
}

TEST_CASE("condition: a notified task that is cancelled as the lock is "
          "released leaves with the lock (fact 193)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    record<std::string> seen;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      auto waiter = create_task(wait_interrupted(changed, seen), in_group);
      co_await waiting_at(changed, 1);
      co_await changed.acquire();
      changed.notify();
      // It is notified and wants the lock.
      co_await reached([&] { return changed.statistics().lock.waiting == 1; });
      waiter.cancel();
      changed.release();
      end = co_await ending_of(waiter);
    });

    CHECK(seen.all() == std::vector<std::string>{"locked "});
    CHECK(end == "cancelled");
  });
}

TEST_CASE("condition: a task cancelled while it acquires the lock again has it "
          "before the cancellation comes out (fact 194)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    record<std::string> seen;
    std::vector<std::size_t> steps;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      auto waiter = create_task(wait_interrupted(changed, seen), in_group);
      co_await waiting_at(changed, 1);
      co_await changed.acquire();
      changed.notify();
      co_await reached([&] { return changed.statistics().lock.waiting == 1; });
      waiter.cancel("now");
      co_await turns(5);
      steps.push_back(seen.size());
      changed.release();
      co_await ending_of(waiter);
      steps.push_back(changed.locked());
    });

    CHECK(steps == std::vector<std::size_t>{0, 0});
    CHECK(seen.all() == std::vector<std::string>{"locked now"});
  });
}

TEST_CASE("condition: the cancellation keeps its message (fact 197)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    std::string later;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      record<int> woken;
      auto waiter = create_task(wait_once(changed, woken, 1), in_group);
      co_await waiting_at(changed, 1);
      waiter.cancel("early");
      end = co_await ending_of(waiter);
      auto second = create_task(wait_once(changed, woken, 2), in_group);
      co_await waiting_at(changed, 1);
      auto held = co_await changed.scoped();
      changed.notify();
      co_await reached([&] { return changed.statistics().lock.waiting == 1; });
      second.cancel("late");
      co_await turns(3);
      held.release();
      later = co_await ending_of(second);
    });

    CHECK(end == "cancelled: early");
    CHECK(later == "cancelled: late");
  });
}

TEST_CASE("condition: a notification of a cancelled task goes to the next one "
          "(fact 198)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    record<int> woken;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      auto first = create_task(wait_once(changed, woken, 1), in_group);
      co_await waiting_at(changed, 1);
      auto second = create_task(wait_once(changed, woken, 2), in_group);
      co_await waiting_at(changed, 2);
      {
        auto held = co_await changed.scoped();
        changed.notify();
      }
      first.cancel();
      co_await second;
      end = co_await ending_of(first);
    });

    CHECK(end == "cancelled");
    CHECK(woken.all() == std::vector{2});
  });
}

TEST_CASE("condition: also if it was cancelled while it acquired the lock "
          "(fact 199)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    record<int> woken;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      auto first = create_task(wait_once(changed, woken, 1), in_group);
      co_await waiting_at(changed, 1);
      auto second = create_task(wait_once(changed, woken, 2), in_group);
      co_await waiting_at(changed, 2);
      {
        auto held = co_await changed.scoped();
        changed.notify();
        co_await reached(
          [&] { return changed.statistics().lock.waiting == 1; });
        first.cancel();
        co_await turns(3);
      }
      co_await second;
      end = co_await ending_of(first);
    });

    CHECK(end == "cancelled");
    CHECK(woken.all() == std::vector{2});
  });
}

TEST_CASE("condition: wait_for waits until the predicate is true (fact 200)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    int result = 0;
    std::vector<bool> done;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      int value = 0;
      auto waiter = create_task(
        [&]() -> coro<void> {
          auto held = co_await changed.scoped();
          result = co_await changed.wait_for([&] { return value; });
        },
        in_group);
      co_await waiting_at(changed, 1);
      {
        auto held = co_await changed.scoped();
        changed.notify();
      }
      co_await waiting_at(changed, 1);
      co_await turns(3);
      done.push_back(waiter.done());
      {
        auto held = co_await changed.scoped();
        value = 7;
        changed.notify();
      }
      co_await waiter;
    });

    CHECK(done == std::vector{false});
    CHECK(result == 7);
  });
}

TEST_CASE("condition: wait_for needs the lock only if it has to wait "
          "(fact 201)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    bool result = false;
    std::error_code code;
    run(
      [&]() -> coro<void> {
        condition changed;
        result = co_await changed.wait_for([] { return true; });
        code = co_await error_of_await(changed.wait_for([] { return false; }));
      },
      options);

    CHECK(result);
    CHECK(code == errc::not_acquired);
  });
}

TEST_CASE("condition: can share a lock (fact 202)", "[condition]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> locked;
    run(
      [&]() -> coro<void> {
        lock door;
        condition changed{door};
        co_await door.acquire();
        locked.push_back(changed.locked());
        changed.release();
        locked.push_back(door.locked());
        co_await changed.acquire();
        locked.push_back(door.locked());
        door.release();
        locked.push_back(changed.locked());
      },
      options);

    CHECK(locked == std::vector{true, false, true, false});
  });
}

TEST_CASE("condition: a cancellation waits as long as others hold the lock "
          "(fact E17)",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    bool done = true;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      record<int> woken;
      auto waiter = create_task(wait_once(changed, woken, 1), in_group);
      co_await waiting_at(changed, 1);
      auto held = co_await changed.scoped();
      waiter.cancel();
      co_await reached([&] { return changed.statistics().lock.waiting == 1; });
      co_await turns(5);
      done = waiter.done();
      held.release();
      end = co_await ending_of(waiter);
    });

    CHECK_FALSE(done);
    CHECK(end == "cancelled");
  });
}
