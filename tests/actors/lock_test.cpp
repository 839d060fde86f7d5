// What our locks promise beyond asyncio's.

#include <troupe/lock.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/simulation.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> take(lock door, record<int>& taken, int who) {
  co_await door.acquire();
  taken.add(who);
}

coro<void> take_both(lock first, lock second) {
  auto a = co_await first.scoped();
  co_await sleep(1ms);
  auto b = co_await second.scoped();
}

coro<void> take_both_unguarded(lock first, lock second) {
  co_await first.acquire();
  co_await sleep(1ms);
  co_await second.acquire();
  second.release();
  first.release();
}

std::string deadlock_of(coro<void> (*take)(lock, lock)) {
  test::simulation sim{{.how = test::strategy::fifo}};
  try {
    sim.run([take]() -> coro<void> {
      lock a{"fork 1"};
      lock b{"fork 2"};
      auto left = create_task(take(a, b), "left");
      auto right = create_task(take(b, a), "right");
      co_await left;
      co_await right;
    });
  } catch (const test::failure& found) {
    return found.kind + "\n" + found.what();
  }
  return "no deadlock";
}

} // namespace

TEST_CASE("lock: a callback may release it", "[lock]") {
  for_each_worker_count([](run_options options) {
    record<int> taken;
    run(
      [&]() -> coro<void> {
        lock door;
        co_await door.acquire();
        auto waiter = create_task(take(door, taken, 1));
        co_await waiting_at(door, 1);
        get_running_loop().call_soon([door]() mutable { door.release(); });
        co_await waiter;
      },
      options);

    CHECK(taken.all() == std::vector{1});
  });
}

TEST_CASE("lock: can be tried", "[lock]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> got;
    run(
      [&]() -> coro<void> {
        lock door;
        got.push_back(door.try_acquire());
        got.push_back(door.try_acquire());
        door.release();
        got.push_back(door.try_acquire());
        co_return;
      },
      options);

    CHECK(got == std::vector{true, false, true});
  });
}

TEST_CASE("lock: a guard can be moved and released early", "[lock]") {
  for_each_worker_count([](run_options options) {
    std::vector<bool> locked;
    std::error_code twice;
    run(
      [&]() -> coro<void> {
        lock door;
        {
          auto first = co_await door.scoped();
          lock_guard second = std::move(first);
          locked.push_back(first.owns_lock());
          locked.push_back(second.owns_lock());
          second.release();
          locked.push_back(door.locked());
          twice = error_of([&] { second.release(); });
          second = co_await door.scoped();
          locked.push_back(door.locked());
        }
        locked.push_back(door.locked());
      },
      options);

    CHECK(locked == std::vector{false, true, false, true, false});
    CHECK(twice == errc::not_acquired);
  });
}

TEST_CASE("lock: a guard whose lock somebody else released is told", "[lock]") {
  for_each_worker_count([](run_options options) {
    error_log log;
    run(
      [&]() -> coro<void> {
        log.watch(get_running_loop());
        lock door{"door"};
        auto held = co_await door.scoped();
        door.release();
      },
      options);

    CHECK(log.count("released by somebody else: release of <lock 'door' "
                    "unlocked>")
          == 1);
  });
}

TEST_CASE("lock: says who holds it and how many wait", "[lock]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> texts;
    lock_statistics seen;
    std::string waiter_text;
    run(
      [&]() -> coro<void> {
        lock door{"door"};
        texts.push_back(to_string(door));
        record<int> taken;
        auto holder = create_task(take(door, taken, 1), "anna");
        co_await reached([&] { return door.locked(); });
        auto waiter = create_task(take(door, taken, 2), "bert");
        co_await waiting_at(door, 1);
        texts.push_back(to_string(door));
        seen = door.statistics();
        waiter_text = to_string(waiter);
        // The holder has ended before or after: its name may be lost.
        co_await holder;
        door.release();
        co_await waiter;
      },
      options);

    CHECK(texts[0] == "<lock 'door' unlocked>");
    CHECK_THAT(texts[1], Catch::StartsWith("<lock 'door' locked by "));
    CHECK_THAT(texts[1], Catch::EndsWith(", 1 waiting>"));
    CHECK(seen.locked);
    CHECK(seen.waiting == 1);
    CHECK_THAT(waiter_text, Catch::Contains("wait_for=<lock 'door'"));
  });
}

TEST_CASE("lock: two tasks that hold what the other wants are told as a circle",
          "[lock]") {
  auto text = deadlock_of(take_both);
  CAPTURE(text);
  CHECK_THAT(text, Catch::StartsWith("deadlock"));
  CHECK_THAT(text, Catch::Contains("in a circle"));
  CHECK_THAT(text, Catch::Contains(
                     "waits for right, by <lock 'fork 2' locked by right, 1 "
                     "waiting>"));
  CHECK_THAT(
    text, Catch::Contains("waits for left, by <lock 'fork 1' locked by left, 1 "
                          "waiting>"));
}

TEST_CASE("lock: also without guards, if nobody else can release them",
          "[lock]") {
  auto text = deadlock_of(take_both_unguarded);
  CAPTURE(text);
  CHECK_THAT(text, Catch::StartsWith("deadlock"));
  CHECK_THAT(text, Catch::Contains("in a circle"));
  CHECK_THAT(text,
             Catch::Contains("waits for right, by <lock 'fork 2' locked by"));
}

TEST_CASE("lock: a circle that a callback opens is no deadlock", "[lock]") {
  record<int> taken;
  test::simulation sim{{.how = test::strategy::fifo}};
  sim.run([&]() -> coro<void> {
    lock door;
    co_await door.acquire();
    get_running_loop().call_later(100ms, [door]() mutable { door.release(); });
    auto waiter = create_task(take(door, taken, 1));
    co_await waiter;
  });
  CHECK(taken.size() == 1);
}

TEST_CASE("lock: two loops that run cannot share one", "[lock]") {
  std::error_code code;
  lock door{"door"};
  run([&]() -> coro<void> {
    co_await door.acquire();
    std::thread other{[&] {
      run([&]() -> coro<void> {
        code = co_await error_of_await(door.acquire());
      });
    }};
    other.join();
  });
  CHECK(code == errc::wrong_loop);
}

TEST_CASE("lock: a foreign thread is sent to call_soon_threadsafe", "[lock]") {
  std::string text;
  run([&]() -> coro<void> {
    lock door{"door"};
    co_await door.acquire();
    std::thread other{[&] {
      text = text_of_error([&] { door.release(); });
    }};
    other.join();
  });
  CHECK_THAT(text, Catch::Contains("<lock 'door' locked")
                     && Catch::Contains("call_soon_threadsafe"));
}

TEST_CASE("lock: a foreign thread may release it if there are several workers",
          "[lock]") {
  record<int> taken;
  run(
    [&]() -> coro<void> {
      lock door;
      co_await door.acquire();
      auto waiter = create_task(take(door, taken, 1));
      co_await waiting_at(door, 1);
      std::thread other{[&] {
        door.release();
      }};
      other.join();
      co_await waiter;
    },
    {.threads = 2});
  CHECK(taken.size() == 1);
}

TEST_CASE("lock: lives as long as somebody waits for it or holds it",
          "[lock]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    run(
      [&]() -> coro<void> {
        auto door = std::make_unique<lock>();
        auto held = co_await door->scoped();
        auto waiter
          = create_task([&]() -> coro<void> { co_await door->acquire(); });
        auto& gone = *door;
        co_await waiting_at(gone, 1);
        door.reset();
        held.release();
        co_await waiter;
        end = "done";
      },
      options);

    CHECK(end == "done");
  });
}

TEST_CASE("lock: a loop may be closed while a lock is held and waited for",
          "[lock]") {
  lock door{"door"};
  error_log log;
  auto loop = new_event_loop();
  log.watch(loop);
  record<int> taken;
  auto holder = [&]() -> coro<void> {
    auto held = co_await door.scoped();
    co_await sleep(1h);
  };
  auto waiter = [&]() -> coro<void> {
    auto held = co_await door.scoped();
    taken.add(1);
  };
  loop.create_task(detail::call_and_keep(holder));
  loop.create_task(detail::call_and_keep(waiter));
  loop.create_task(detail::call_and_keep(waiter));
  loop.call_soon([loop]() mutable { loop.stop(); });
  loop.run_forever();
  loop.close();

  CHECK(log.count("destroyed but it is pending") == 3);
  CHECK(taken.empty());
  auto end = door.statistics();
  CHECK_FALSE(end.locked);
  CHECK(end.waiting == 0);
}

TEST_CASE("lock: can be made and used before a loop runs", "[lock]") {
  lock door;
  CHECK(door.try_acquire());
  CHECK(door.locked());
  door.release();
  run([&]() -> coro<void> { co_await door.acquire(); });
  CHECK(door.locked());
  // The next loop may have it, since nobody waited.
  run([&]() -> coro<void> {
    door.release();
    co_return;
  });
  CHECK_FALSE(door.locked());
}

TEST_CASE("lock: each grant has a greater token", "[lock]") {
  std::vector<std::uint64_t> tokens;
  run([&]() -> coro<void> {
    lock door;
    tokens.push_back(door.token());
    for (int i = 0; i < 3; ++i) {
      auto held = co_await door.scoped();
      tokens.push_back(door.token());
      auto next = create_task(
        [door]() mutable -> coro<void> { co_await door.acquire(); });
      co_await turns(2);
      held.release();
      co_await next;
      tokens.push_back(door.token());
      door.release();
    }
  });
  CHECK(tokens == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6});
}
