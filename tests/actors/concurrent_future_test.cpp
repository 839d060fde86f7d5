#include <troupe/concurrent_future.hpp>
#include <troupe/run.hpp>
#include <troupe/thread_pool.hpp>

#include "support/flag.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("concurrent_future: cancels only what has not begun",
          "[concurrent_future]") {
  thread_pool pool{1};
  flag begun;
  flag go_on;
  std::atomic<bool> ran{false};
  auto running = pool.submit([=] {
    begun.set();
    go_on.wait();
    return 1;
  });
  auto waiting = pool.submit([&] { ran = true; });
  begun.wait();
  CHECK_FALSE(running.cancel());
  CHECK(waiting.cancel());
  CHECK(waiting.cancelled());
  CHECK_THROWS_AS(waiting.result(), cancelled_error);
  CHECK_THROWS_AS(waiting.exception(), cancelled_error);
  go_on.set();
  CHECK(running.result() == 1);
  CHECK_FALSE(running.cancel());
  pool.shutdown();
  CHECK_FALSE(ran);
}

TEST_CASE("concurrent_future: result may have a limit", "[concurrent_future]") {
  thread_pool pool{1};
  flag go_on;
  auto job = pool.submit([=] {
    go_on.wait();
    return 2;
  });
  CHECK_THROWS_AS(job.result(5ms), timeout_error);
  CHECK_FALSE(job.done());
  go_on.set();
  CHECK(job.result(1h) == 2);
}

TEST_CASE("concurrent_future: many threads can wait for one",
          "[concurrent_future]") {
  thread_pool pool{1};
  flag go_on;
  std::atomic<int> sum{0};
  auto job = pool.submit([=] {
    go_on.wait();
    return 1;
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, job] { sum += job.result(); });
  go_on.set();
  for (auto& thread : threads)
    thread.join();
  CHECK(sum == 8);
}

TEST_CASE("wrap_future: cancelling it cancels a job that has not begun",
          "[concurrent_future][threads]") {
  for_each_worker_count([](run_options options) {
    thread_pool pool{1};
    std::atomic<bool> ran{false};
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        flag go_on;
        auto blocker = pool.submit([go_on] { go_on.wait(); });
        auto job = pool.submit([&] { ran = true; });
        auto wrapped = wrap_future(job);
        wrapped.cancel();
        cancelled = co_await reached([&] { return job.cancelled(); });
        go_on.set();
        co_await wrap_future(blocker);
      },
      options);
    pool.shutdown();
    CHECK(cancelled);
    CHECK_FALSE(ran);
  });
}
