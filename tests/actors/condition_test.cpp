// What our conditions promise beyond asyncio's.

#include <troupe/condition.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> wait_once(condition changed, record<int>& woken, int who) {
  auto held = co_await changed.scoped();
  co_await changed.wait();
  woken.add(who);
}

} // namespace

TEST_CASE("condition: a cancelled task that was not notified notifies nobody",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    record<int> woken;
    std::size_t waiting = 0;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      condition changed;
      auto gone = create_task(wait_once(changed, woken, 1), in_group);
      co_await waiting_at(changed, 1);
      auto stays = create_task(wait_once(changed, woken, 2), in_group);
      co_await waiting_at(changed, 2);
      gone.cancel();
      co_await ending_of(gone);
      co_await turns(5);
      waiting = changed.statistics().waiting;
      stays.cancel();
      co_await ending_of(stays);
    });

    CHECK(waiting == 1);
    CHECK(woken.empty());
  });
}

TEST_CASE("condition: a callback may notify", "[condition]") {
  for_each_worker_count([](run_options options) {
    record<int> woken;
    run(
      [&]() -> coro<void> {
        condition changed;
        auto waiter = create_task(wait_once(changed, woken, 1));
        co_await waiting_at(changed, 1);
        // The task that waits may still hold the lock on another worker.
        co_await reached([&] { return !changed.locked(); });
        get_running_loop().call_soon([changed]() mutable {
          if (changed.try_acquire()) {
            changed.notify();
            changed.release();
          }
        });
        co_await waiter;
      },
      options);

    CHECK(woken.size() == 1);
  });
}

TEST_CASE("condition: two of them can share a lock and be notified apart",
          "[condition]") {
  for_each_worker_count([](run_options options) {
    record<int> woken;
    run(
      [&]() -> coro<void> {
        lock door;
        condition even{door, "even"};
        condition odd{door, "odd"};
        auto a = create_task(wait_once(even, woken, 2));
        auto b = create_task(wait_once(odd, woken, 1));
        co_await waiting_at(even, 1);
        co_await waiting_at(odd, 1);
        {
          auto held = co_await door.scoped();
          odd.notify_all();
        }
        co_await b;
        {
          auto held = co_await door.scoped();
          even.notify_all();
        }
        co_await a;
      },
      options);

    CHECK(woken.all() == std::vector{1, 2});
  });
}
