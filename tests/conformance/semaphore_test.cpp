// What asyncio's semaphores promise.

#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/semaphore.hpp>
#include <troupe/task.hpp>

#include "support/coordination.hpp"
#include "support/test.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<void> take(semaphore permits, record<int>& taken, int who) {
  co_await permits.acquire();
  taken.add(who);
}

// Takes a permit, returns it and takes it again, three times.
coro<void> take_again(semaphore permits, record<std::string>& taken,
                      std::string who) {
  for (int round = 1; round <= 3; ++round) {
    co_await permits.acquire();
    taken.add(who + std::to_string(round));
    permits.release();
  }
}

} // namespace

TEST_CASE("semaphore: begins with 0 permits or more (fact 203)",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    bool refused = false;
    bool bounded_refused = false;
    std::vector<bool> locked;
    run(
      [&]() -> coro<void> {
        try {
          semaphore none{-1};
        } catch (const std::invalid_argument&) {
          refused = true;
        }
        try {
          bounded_semaphore none{-1};
        } catch (const std::invalid_argument&) {
          bounded_refused = true;
        }
        locked = {semaphore{0}.locked(), semaphore{1}.locked()};
        co_return;
      },
      options);

    CHECK(refused);
    CHECK(bounded_refused);
    CHECK(locked == std::vector{true, false});
  });
}

TEST_CASE("semaphore: as many go on as permits are released (fact 204)",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    record<int> taken;
    std::size_t waiting = 0;
    std::size_t value = 1;
    run(
      [&]() -> coro<void> {
        semaphore permits{3};
        co_await permits.acquire();
        co_await permits.acquire();
        co_await permits.acquire();
        std::vector<task<>> all;
        for (int i = 1; i <= 3; ++i) {
          all.push_back(create_task(take(permits, taken, i)));
          co_await waiting_at(permits, static_cast<std::size_t>(i));
        }
        permits.release();
        permits.release();
        co_await all[0];
        co_await all[1];
        auto now = permits.statistics();
        waiting = now.waiting;
        value = now.value;
        permits.release();
        co_await all[2];
      },
      options);

    CHECK(taken.size() == 3);
    CHECK(waiting == 1);
    CHECK(value == 0);
  });
}

TEST_CASE("semaphore: a cancelled task leaves the line (fact 205)",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    std::size_t left = 1;
    run(
      [&]() -> coro<void> {
        semaphore permits{0};
        record<int> taken;
        auto waiter = create_task(take(permits, taken, 1));
        co_await waiting_at(permits, 1);
        waiter.cancel();
        end = co_await ending_of(waiter);
        left = permits.statistics().waiting;
      },
      options);

    CHECK(end == "cancelled");
    CHECK(left == 0);
  });
}

TEST_CASE("semaphore: a permit is not lost with a cancelled task (fact 207)",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    record<int> taken;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      semaphore permits{1};
      co_await permits.acquire();
      auto first = create_task(take(permits, taken, 1), in_group);
      co_await waiting_at(permits, 1);
      auto second = create_task(take(permits, taken, 2), in_group);
      co_await waiting_at(permits, 2);
      first.cancel();
      permits.release();
      co_await second;
      co_await ending_of(first);
    });

    CHECK(taken.all() == std::vector{2});
  });
}

TEST_CASE("semaphore: a permit on its way to a cancelled task comes back "
          "(fact 208)",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    std::string end;
    bool again = false;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      semaphore permits{1};
      co_await permits.acquire();
      record<int> taken;
      auto waiter = create_task(take(permits, taken, 1), in_group);
      co_await waiting_at(permits, 1);
      permits.release();
      waiter.cancel();
      end = co_await ending_of(waiter);
      again = !permits.locked() && co_await permits.acquire();
    });

    CHECK(end == "cancelled");
    CHECK(again);
  });
}

TEST_CASE("semaphore: a bounded one has never more permits than at the "
          "beginning (fact 209)",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    std::error_code full;
    std::error_code taken;
    run(
      [&]() -> coro<void> {
        bounded_semaphore permits{1};
        full = error_of([&] { permits.release(); });
        co_await permits.acquire();
        taken = error_of([&] { permits.release(); });
      },
      options);

    CHECK(full == errc::too_often);
    CHECK_FALSE(taken);
  });
}

TEST_CASE("semaphore: who releases and acquires again goes behind those who "
          "wait (fact 211)",
          "[semaphore][order]") {
  record<std::string> taken;
  run([&]() -> coro<void> {
    semaphore permits{1};
    auto hold = co_await permits.scoped();
    auto a = create_task(take_again(permits, taken, "a"));
    auto b = create_task(take_again(permits, taken, "b"));
    co_await turns(2);
    hold.release();
    co_await a;
    co_await b;
  });

  CHECK(taken.all()
        == std::vector<std::string>{"a1", "b1", "a2", "b2", "a3", "b3"});
}

TEST_CASE("semaphore: those behind a cancelled task get the permits "
          "(fact 212)",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    record<int> taken;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      semaphore permits{0};
      std::vector<task<>> all;
      for (int i = 1; i <= 3; ++i) {
        all.push_back(create_task(take(permits, taken, i), in_group));
        co_await waiting_at(permits, static_cast<std::size_t>(i));
      }
      all[0].cancel();
      permits.release();
      permits.release();
      co_await all[1];
      co_await all[2];
      co_await ending_of(all[0]);
    });

    CHECK(taken.all() == std::vector{2, 3});
  });
}

TEST_CASE("semaphore: nobody passes a task that was woken and has not gone on "
          "(fact 213)",
          "[semaphore][order]") {
  record<int> taken;
  bool locked = false;
  bool barged = true;
  std::vector<std::vector<int>> seen;
  run([&]() -> coro<void> {
    semaphore permits{1};
    co_await permits.acquire();
    auto first = create_task(take(permits, taken, 1));
    co_await turns(1);
    permits.release();
    permits.release();
    permits.release();
    locked = permits.locked();
    barged = permits.try_acquire();
    auto second = create_task(take(permits, taken, 2));
    auto third = create_task(take(permits, taken, 3));
    co_await turns(1);
    seen.push_back(taken.all());
    co_await first;
    co_await second;
    co_await third;
  });

  CHECK(locked);
  CHECK_FALSE(barged);
  CHECK(seen == std::vector<std::vector<int>>{{1, 2, 3}});
}

TEST_CASE("semaphore: a late comer queues behind a woken task, which lets it "
          "through (fact 213)",
          "[semaphore][order]") {
  record<int> taken;
  run([&]() -> coro<void> {
    semaphore permits{0};
    auto first = create_task(take(permits, taken, 1));
    co_await turns(1);
    // Ready before the first one is woken.
    auto second = create_task(take(permits, taken, 2));
    permits.release();
    permits.release();
    co_await second;
    co_await first;
  });

  CHECK(taken.all() == std::vector{1, 2});
}
