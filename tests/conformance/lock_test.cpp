// What asyncio's locks promise.

#include <troupe/lock.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Acquires, writes down who it is, and keeps the lock.
coro<void> take(lock door, record<int>& taken, int who) {
  co_await door.acquire();
  taken.add(who);
}

coro<void> visit(lock door, std::atomic<int>& inside, std::atomic<int>& worst) {
  auto held = co_await door.scoped();
  int now = ++inside;
  if (now > worst)
    worst = now;
  co_await sleep(0s);
  --inside;
}

} // namespace

TEST_CASE("lock: whoever asked first is served first (fact 172)",
          "[lock][order]") {
  record<int> taken;
  std::vector<std::vector<int>> seen;
  run([&]() -> coro<void> {
    lock door;
    co_await door.acquire();
    auto first = create_task(take(door, taken, 1));
    auto second = create_task(take(door, taken, 2));
    co_await turns(2);
    seen.push_back(taken.all());
    door.release();
    co_await turns(2);
    seen.push_back(taken.all());
    co_await turns(2);
    seen.push_back(taken.all());
    auto third = create_task(take(door, taken, 3));
    door.release();
    co_await turns(2);
    seen.push_back(taken.all());
    door.release();
    co_await turns(2);
    seen.push_back(taken.all());
  });

  CHECK(seen == std::vector<std::vector<int>>{{}, {1}, {1}, {1, 2}, {1, 2, 3}});
}

TEST_CASE("lock: one task at a time holds it (fact 172)", "[lock]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> inside{0};
    std::atomic<int> worst{0};
    bool free = false;
    run(
      [&]() -> coro<void> {
        lock door;
        std::vector<task<>> visitors;
        for (int i = 0; i < 100; ++i)
          visitors.push_back(create_task(visit(door, inside, worst)));
        for (auto& each : visitors)
          co_await each;
        free = !door.locked();
      },
      options);

    CHECK(worst == 1);
    CHECK(free);
  });
}

TEST_CASE("lock: a cancelled task leaves the line (fact 173)", "[lock]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    lock_statistics after;
    run(
      [&]() -> coro<void> {
        lock door;
        co_await door.acquire();
        record<int> taken;
        auto waiter = create_task(take(door, taken, 1));
        co_await waiting_at(door, 1);
        waiter.cancel("enough");
        end = co_await ending_of(waiter);
        after = door.statistics();
      },
      options);

    CHECK(end == "cancelled: enough");
    CHECK(after.locked);
    CHECK(after.waiting == 0);
  });
}

TEST_CASE("lock: is not given to a task that was just cancelled (fact 174)",
          "[lock]") {
  for_each_worker_count([](run_options options) {
    record<int> taken;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      lock door;
      co_await door.acquire();
      auto b = create_task(take(door, taken, 1), in_group);
      co_await waiting_at(door, 1);
      auto c = create_task(take(door, taken, 2), in_group);
      co_await waiting_at(door, 2);
      b.cancel();
      door.release();
      end = co_await ending_of(b);
      co_await c;
    });

    CHECK(end == "cancelled");
    CHECK(taken.all() == std::vector{2});
  });
}

TEST_CASE("lock: one on its way to a cancelled task goes on to the next "
          "(fact 176)",
          "[lock]") {
  for_each_worker_count([](run_options options) {
    record<int> taken;
    std::string end;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      lock door;
      co_await door.acquire();
      auto b = create_task(take(door, taken, 1), in_group);
      co_await waiting_at(door, 1);
      auto c = create_task(take(door, taken, 2), in_group);
      co_await waiting_at(door, 2);
      door.release();
      b.cancel();
      end = co_await ending_of(b);
      co_await c;
    });

    CHECK(end == "cancelled");
    CHECK(taken.all() == std::vector{2});
  });
}

TEST_CASE("lock: a free one cannot be released (fact 177)", "[lock]") {
  for_each_worker_count([](run_options options) {
    std::error_code code;
    run(
      [&]() -> coro<void> {
        lock door;
        code = error_of([&] { door.release(); });
        co_return;
      },
      options);

    CHECK(code == errc::not_acquired);
  });
}

TEST_CASE("lock: cannot be awaited itself (fact 179)", "[lock]") {
  STATIC_REQUIRE_FALSE(detail::awaitable<lock>);
}

TEST_CASE("lock: a scope releases at its end, also by an error (fact 180)",
          "[lock]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> locked;
    run(
      [&]() -> coro<void> {
        lock door;
        {
          auto held = co_await door.scoped();
          locked.push_back(door.locked());
        }
        locked.push_back(door.locked());
        try {
          auto held = co_await door.scoped();
          locked.push_back(door.locked());
          throw std::runtime_error("out");
        } catch (const std::runtime_error&) {
        }
        locked.push_back(door.locked());
      },
      options);

    CHECK(locked == std::vector{true, false, true, false});
  });
}

TEST_CASE("lock: belongs to the loop where a task waited for it (fact 181)",
          "[lock]") {
  for_each_worker_count([](run_options options) {
    lock door{"door"};
    std::error_code uncontended;
    std::error_code contended;
    run(
      [&]() -> coro<void> {
        co_await door.acquire();
        record<int> taken;
        auto waiter = create_task(take(door, taken, 1));
        co_await waiting_at(door, 1);
        door.release();
        co_await waiter;
        door.release();
      },
      options);
    run(
      [&]() -> coro<void> {
        uncontended = co_await error_of_await(door.acquire());
        contended = co_await error_of_await(door.acquire());
      },
      options);

    CHECK_FALSE(uncontended);
    CHECK(contended == errc::wrong_loop);
  });
}

TEST_CASE("lock: acquiring a free one does not suspend (fact E3)",
          "[lock][order]") {
  std::vector<std::string> seen;
  run([&]() -> coro<void> {
    lock door;
    get_running_loop().call_soon([&] { seen.push_back("callback"); });
    co_await door.acquire();
    seen.push_back("acquired");
    door.release();
    {
      auto held = co_await door.scoped();
    }
    seen.push_back("again");
    co_await turns(1);
  });

  CHECK(seen == std::vector<std::string>{"acquired", "again", "callback"});
}

TEST_CASE("lock: nobody overtakes a task that was given it (fact E16)",
          "[lock]") {
  for_each_worker_count([](run_options options) {
    record<int> taken;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      lock door;
      co_await door.acquire();
      auto waiter = create_task(take(door, taken, 1), in_group);
      co_await waiting_at(door, 1);
      door.release();
      bool barged = door.try_acquire();
      auto late = create_task(take(door, taken, 2), in_group);
      co_await waiter;
      co_await waiting_at(door, 1);
      door.release();
      co_await late;
      taken.add(barged);
    });

    CHECK(taken.all() == std::vector{1, 2, 0});
  });
}
