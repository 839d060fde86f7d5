#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>
#include <troupe/thread_pool.hpp>

#include "support/errors.hpp"
#include "support/flag.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("thread_pool: gives results, exceptions and move-only values",
          "[thread_pool]") {
  thread_pool pool{2};
  auto sum = pool.submit([](int x, int y) { return x + y; }, 1, 2);
  auto failing = pool.submit([]() -> int { throw std::out_of_range("far"); });
  auto box = pool.submit([](std::unique_ptr<int> own) { return own; },
                         std::make_unique<int>(7));
  auto nothing = pool.submit([] {});

  CHECK(sum.result() == 3);
  CHECK(sum.done());
  CHECK_FALSE(sum.cancelled());
  CHECK(sum.exception() == nullptr);
  CHECK_THROWS_WITH(failing.result(), "far");
  CHECK(is_a<std::out_of_range>(failing.exception()));
  auto moved = std::move(box.result());
  CHECK(*moved == 7);
  CHECK_NOTHROW(nothing.result());
}

TEST_CASE("thread_pool: has as many threads as said", "[thread_pool]") {
  CHECK(thread_pool{3}.threads() == 3);
  auto cores = std::max(1U, std::thread::hardware_concurrency());
  CHECK(thread_pool{}.threads() == std::min(32U, cores + 4));
  CHECK_THROWS_AS(thread_pool{1025}, std::invalid_argument);
}

TEST_CASE("thread_pool: names its threads", "[thread_pool]") {
  thread_pool pool{1, "workhorse"};
  auto name = pool.submit([] {
    char text[16] = {};
    ::pthread_getname_np(::pthread_self(), text, sizeof text);
    return std::string{text};
  });
  CHECK(name.result().starts_with("workhorse-"));
}

TEST_CASE("thread_pool: jobs begin in the order in which they came",
          "[thread_pool]") {
  thread_pool pool{1};
  record<int> seen;
  for (int i = 0; i < 100; ++i)
    pool.submit([&seen, i] { seen.add(i); });
  pool.shutdown();
  auto all = seen.all();
  CHECK(all.size() == 100);
  CHECK(std::is_sorted(all.begin(), all.end()));
}

TEST_CASE("thread_pool: runs as many jobs at a time as it has threads",
          "[thread_pool]") {
  thread_pool pool{3};
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  // Three jobs meet: they are inside at the same time, or this never ends.
  std::vector<concurrent_future<void>> jobs;
  for (int i = 0; i < 30; ++i)
    jobs.push_back(pool.submit([&] {
      int now = ++inside;
      int seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      while (most < 3)
        std::this_thread::yield();
      --inside;
    }));
  for (auto& job : jobs)
    job.result();
  CHECK(most == 3);
}

TEST_CASE("thread_pool: takes jobs from many threads", "[thread_pool]") {
  thread_pool pool{2};
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n)
        pool.submit([&] { ++ran; });
    });
  for (auto& thread : threads)
    thread.join();
  pool.shutdown();
  CHECK(ran == 4000);
}

TEST_CASE("thread_pool: shut down it finishes its jobs and takes no more",
          "[thread_pool]") {
  thread_pool pool{1};
  std::atomic<int> ran{0};
  flag go_on;
  pool.submit([&, go_on] {
    go_on.wait();
    ++ran;
  });
  auto waiting = pool.submit([&] { return ++ran; });
  pool.shutdown(false);
  CHECK(error_of([&] { pool.submit([] {}); }) == errc::executor_shut_down);
  CHECK(ran == 0);
  go_on.set();
  pool.shutdown();
  CHECK(ran == 2);
  CHECK(waiting.result() == 2);
  CHECK_NOTHROW(pool.shutdown());
}

TEST_CASE("thread_pool: the last handle that goes shuts it down",
          "[thread_pool]") {
  concurrent_future<int> job;
  {
    thread_pool pool{1};
    auto copy = pool;
    job = copy.submit([] { return 5; });
  }
  CHECK(job.result() == 5);
}

TEST_CASE("thread_pool: its last handle may go inside one of its jobs",
          "[thread_pool]") {
  auto pool = std::make_optional<thread_pool>(1U);
  flag go_on;
  flag ended;
  auto job = pool->submit([own = *pool, go_on, ended]() mutable {
    go_on.wait();
    {
      auto last = std::move(own);
    }
    ended.set();
  });
  pool.reset();
  go_on.set();
  ended.wait();
  CHECK_NOTHROW(job.result());
}

TEST_CASE("run_in_executor: a pool that is shut down refuses",
          "[thread_pool][threads]") {
  for_each_worker_count([](run_options options) {
    thread_pool pool{1};
    pool.shutdown();
    captured_standard_error output;
    auto code = run(
      [&]() -> coro<std::error_code> {
        co_return error_of(
          [&] { get_running_loop().run_in_executor(pool, [] {}); });
      },
      options);
    CHECK(code == errc::executor_shut_down);
    CHECK(output.text() == "");
  });
}

TEST_CASE("to_thread: many jobs come back, each with its own value",
          "[thread_pool][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> wrong{0};
    run(
      [&]() -> coro<void> {
        std::vector<task<void>> tasks;
        for (int i = 0; i < 500; ++i)
          tasks.push_back(create_task([&wrong, i]() -> coro<void> {
            auto square = co_await to_thread([](int x) { return x * x; }, i);
            wrong += square != i * i;
          }));
        for (auto& each : tasks)
          co_await each;
      },
      options);
    CHECK(wrong == 0);
  });
}

TEST_CASE("to_thread: random cancels lose no job and answer each await once",
          "[thread_pool][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> finished{0};
    std::atomic<int> cancelled{0};
    run(
      [&]() -> coro<void> {
        std::vector<task<void>> tasks;
        for (int i = 0; i < 500; ++i)
          tasks.push_back(create_task([&]() -> coro<void> {
            try {
              co_await to_thread([] { std::this_thread::yield(); });
              ++finished;
            } catch (const cancelled_error&) {
              ++cancelled;
            }
          }));
        co_await turns(2);
        for (std::size_t i = 0; i < tasks.size(); i += 3) {
          tasks[i].cancel();
          if (i % 30 == 0)
            co_await sleep(0s);
        }
        for (auto& each : tasks)
          co_await reached([&] { return each.done(); });
        for (auto& each : tasks)
          if (each.cancelled())
            ++cancelled; // cancelled before it began
      },
      options);
    CHECK(finished + cancelled == 500);
    CHECK(finished >= 333);
  });
}

TEST_CASE("thread_pool: the loop may be gone when its thread has come back",
          "[thread_pool][threads]") {
  for_each_worker_count([](run_options options) {
    thread_pool pool{2};
    int sum = 0;
    for (int i = 0; i < 300; ++i)
      sum += run(
        [&]() -> coro<int> {
          co_return co_await get_running_loop().run_in_executor(
            pool, [] { return 1; });
        },
        options);
    CHECK(sum == 300);
  });
}
