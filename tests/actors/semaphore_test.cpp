// What our semaphores promise beyond asyncio's.

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

TEST_CASE("semaphore: a guard returns its permit, also by an error",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::size_t> values;
    run(
      [&]() -> coro<void> {
        semaphore permits{2};
        auto value = [&] {
          return permits.statistics().value;
        };
        try {
          auto one = co_await permits.scoped();
          values.push_back(value());
          semaphore_guard other = co_await permits.scoped();
          values.push_back(value());
          other = std::move(one);
          values.push_back(value());
          values.push_back(one.owns_permit());
          throw std::runtime_error("out");
        } catch (const std::runtime_error&) {
        }
        values.push_back(value());
      },
      options);

    CHECK(values == std::vector<std::size_t>{1, 0, 1, 0, 2});
  });
}

TEST_CASE("semaphore: a guard whose permit somebody else returned is told",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    error_log log;
    run(
      [&]() -> coro<void> {
        log.watch(get_running_loop());
        bounded_semaphore permits{1, "permits"};
        auto permit = co_await permits.scoped();
        permits.release();
      },
      options);

    CHECK(log.count("returned by somebody else: release of <bounded_semaphore "
                    "'permits' value 1>")
          == 1);
  });
}

TEST_CASE("semaphore: a permit that was released for a task and comes back is "
          "not doubled",
          "[semaphore]") {
  for_each_worker_count([](run_options options) {
    std::size_t left = 0;
    run(
      [&]() -> coro<void> {
        bounded_semaphore permits{1};
        co_await permits.acquire();
        auto next = create_task(ending_of(permits.acquire()));
        co_await waiting_at(permits, 1);
        permits.release(); // for the next one,
        permits.release(); // whose permit is released before it goes on
        next.cancel();
        co_await next;
        left = permits.statistics().value;
      },
      options);

    CHECK(left <= 1);
  });
}

TEST_CASE("semaphore: can be tried, also by a callback", "[semaphore]") {
  for_each_worker_count([](run_options options) {
    record<int> got;
    run(
      [&]() -> coro<void> {
        semaphore permits{1};
        get_running_loop().call_soon([&] { got.add(permits.try_acquire()); });
        co_await reached([&] { return got.size() == 1; });
        got.add(permits.try_acquire());
        permits.release();
        got.add(permits.try_acquire());
      },
      options);

    CHECK(got.all() == std::vector{1, 0, 1});
  });
}
