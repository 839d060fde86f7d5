// What asyncio promises about threads, pools and loops in several threads.

#include <troupe/error.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>
#include <troupe/thread_pool.hpp>

#include "support/errors.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

coro<int> add(int x, int y) {
  co_await sleep(1ms);
  co_return x + y;
}

coro<void> wait_for_gate(future<void> gate) {
  co_await gate;
}

// A loop that runs in a thread of its own until the end of the scope.
class loop_in_thread {
public:
  explicit loop_in_thread(run_options options) {
    loop_options how;
    how.threads = options.threads;
    loop_ = new_event_loop(how);
    thread_ = std::thread{[this] {
      loop_.run_forever();
      for (auto& left : all_tasks(loop_))
        left.cancel();
      loop_.run_until_complete(
        reached([&] { return all_tasks(loop_).size() == 1; })); // it alone
      loop_.close();
    }};
  }

  loop_in_thread(const loop_in_thread&) = delete;
  loop_in_thread& operator=(const loop_in_thread&) = delete;

  ~loop_in_thread() {
    loop_.stop();
    thread_.join();
  }

  event_loop& operator*() {
    return loop_;
  }

  event_loop* operator->() {
    return &loop_;
  }

private:
  event_loop loop_;
  std::thread thread_;
};

// Waits for what another thread does.
template <class F>
bool comes_true(F&& condition) {
  auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace

// -- executors ----------------------------------------------------------------

TEST_CASE("run_in_executor: runs in another thread and its value comes back "
          "(fact 363)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> elsewhere{false};
    auto value = run(
      [&]() -> coro<std::string> {
        auto us = std::this_thread::get_id();
        co_return co_await get_running_loop().run_in_executor(
          nullptr,
          [&, us](const std::string& text) {
            elsewhere = std::this_thread::get_id() != us;
            return text + "!";
          },
          std::string{"yo"});
      },
      options);

    CHECK(value == "yo!");
    CHECK(elsewhere);
  });
}

TEST_CASE("run_in_executor: uses the pool that was set as default "
          "(fact 363)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    thread_pool pool{1};
    auto in_pool = pool.submit([] { return std::this_thread::get_id(); });
    auto used = run(
      [&]() -> coro<std::thread::id> {
        auto loop = get_running_loop();
        loop.set_default_executor(pool);
        co_return co_await loop.run_in_executor(
          nullptr, [] { return std::this_thread::get_id(); });
      },
      options);

    CHECK(used == in_pool.result());
  });
}

TEST_CASE("run_in_executor: a job that ends after its loop is left alone "
          "(fact 364)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    flag begun;
    flag go_on;
    std::atomic<bool> ended{false};
    thread_pool pool{1};
    loop_options how;
    how.threads = options.threads;
    {
      auto loop = new_event_loop(how);
      auto reply = loop.run_in_executor(pool, [&] {
        begun.set();
        go_on.wait();
        ended = true;
      });
      begun.wait();
      reply.cancel();
      loop.run_until_complete(turns(3));
      loop.close();
    }
    go_on.set();
    pool.shutdown();

    CHECK(ended);
    CHECK(output.text() == "");
  });
}

TEST_CASE("run_in_executor: a job that has not begun can be cancelled "
          "(fact 364)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> ran{false};
    bool cancelled = false;
    thread_pool pool{1};
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        flag go_on;
        auto blocker = loop.run_in_executor(pool, [&] { go_on.wait(); });
        auto waiting = loop.run_in_executor(pool, [&] { ran = true; });
        waiting.cancel();
        go_on.set();
        co_await blocker;
        co_await loop.run_in_executor(pool, [] {});
        cancelled = waiting.cancelled();
      },
      options);

    CHECK_FALSE(ran);
    CHECK(cancelled);
  });
}

TEST_CASE("shutdown_default_executor: warns after its limit and returns "
          "(fact 366)",
          "[threads]") {
  auto threads = running_threads();
  for_each_worker_count([&](run_options options) {
    captured_standard_error output;
    flag go_on;
    std::chrono::nanoseconds took{};
    std::error_code refused;
    options.executor_limit = 10ms;
    run(
      [&]() -> coro<void> {
        auto loop = get_running_loop();
        flag begun;
        auto stuck = loop.run_in_executor(nullptr, [begun, go_on] {
          begun.set();
          go_on.wait();
        });
        begun.wait();
        auto start = loop.time();
        co_await loop.shutdown_default_executor(20ms);
        took = loop.time() - start;
        refused = error_of([&] { loop.run_in_executor(nullptr, [] {}); });
        stuck.cancel();
      },
      options);
    auto text = output.text();
    go_on.set();

    INFO(text);
    CHECK(took >= 20ms);
    CHECK(took < 10s);
    CHECK(text != "");
    CHECK(contains(text, "1"));
    CHECK(refused == errc::executor_shut_down);
    CHECK(settled_threads(threads) <= threads);
  });
}

TEST_CASE("run: warns of a pool that does not end within the limit "
          "(fact 366)",
          "[threads]") {
  auto threads = running_threads();
  for_each_worker_count([&](run_options options) {
    captured_standard_error output;
    flag go_on;
    options.executor_limit = 10ms;
    run(
      [&]() -> coro<void> {
        flag begun;
        auto stuck
          = get_running_loop().run_in_executor(nullptr, [begun, go_on] {
              begun.set();
              go_on.wait();
            });
        begun.wait();
        co_return;
      },
      options);
    auto text = output.text();
    go_on.set();

    CHECK(text != "");
    CHECK(settled_threads(threads) <= threads);
  });
}

TEST_CASE("to_thread: calls the function once with the arguments (fact 367)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> called{0};
    auto value = run(
      [&]() -> coro<std::string> {
        co_return co_await to_thread(
          [&](const std::string& text, int number, std::unique_ptr<int> own) {
            ++called;
            return text + std::to_string(number + *own);
          },
          std::string{"sum "}, 1, std::make_unique<int>(2));
      },
      options);

    CHECK(value == "sum 3");
    CHECK(called == 1);
  });
}

TEST_CASE("to_thread: what the function throws is thrown at the await "
          "(fact 368)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    auto what = run(
      []() -> coro<std::string> {
        try {
          co_await to_thread([] { throw std::runtime_error("broken there"); });
        } catch (const std::runtime_error& problem) {
          co_return problem.what();
        }
        co_return "nothing";
      },
      options);

    CHECK(what == "broken there");
  });
}

TEST_CASE("to_thread: cancelling ends the await at once (fact 364)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    flag go_on;
    std::atomic<bool> ended{false};
    bool cancelled = false;
    bool ended_before = true;
    run(
      [&]() -> coro<void> {
        flag begun;
        auto child = create_task([&]() -> coro<void> {
          co_await to_thread([&] {
            begun.set();
            go_on.wait();
            ended = true;
          });
        });
        co_await blocked(child);
        begun.wait();
        child.cancel();
        co_await reached([&] { return child.done(); });
        cancelled = child.cancelled();
        ended_before = ended;
        go_on.set();
      },
      options);

    CHECK(cancelled);
    CHECK_FALSE(ended_before);
    CHECK(ended); // the end of `run` waits for the pool
  });
}

// -- coroutines given to a loop by another thread -----------------------------

TEST_CASE("run_coroutine_threadsafe: the thread gets the value (fact 371)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    loop_in_thread loop{options};
    auto sum = run_coroutine_threadsafe(add(1, 2), *loop);
    CHECK(sum.result() == 3);
    CHECK(sum.done());
    CHECK_FALSE(sum.cancelled());
  });
}

TEST_CASE("run_coroutine_threadsafe: the thread gets the exception "
          "(fact 373)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    error_log errors;
    loop_in_thread loop{options};
    errors.watch(*loop);
    auto failing = run_coroutine_threadsafe(
      []() -> coro<int> {
        co_await sleep(0s);
        throw std::runtime_error("broken in the loop");
        co_return 0;
      }(),
      *loop);
    CHECK_THROWS_WITH(failing.result(), "broken in the loop");
    CHECK(is_a<std::runtime_error>(failing.exception()));
    run_coroutine_threadsafe(turns(3), *loop).result();
    CHECK(errors.size() == 0);
  });
}

TEST_CASE("run_coroutine_threadsafe: after a timeout the thread can cancel "
          "the task (fact 371)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    loop_in_thread loop{options};
    std::atomic<bool> began{false};
    std::atomic<bool> cancelled{false};
    auto body = [&]() -> coro<int> {
      began = true;
      try {
        co_await sleep(1h);
      } catch (const cancelled_error&) {
        cancelled = true;
        throw;
      }
      co_return 1;
    };
    auto waiting = run_coroutine_threadsafe(body(), *loop);
    REQUIRE(comes_true([&] { return began.load(); }));
    CHECK_THROWS_AS(waiting.result(10ms), timeout_error);
    CHECK_FALSE(waiting.done());
    waiting.cancel();
    CHECK_THROWS_AS(waiting.result(), cancelled_error);
    CHECK(comes_true([&] { return cancelled.load(); }));
  });
}

TEST_CASE("run_coroutine_threadsafe: a task that cancels itself cancels the "
          "thread's future (fact 372)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    loop_in_thread loop{options};
    auto selfish = run_coroutine_threadsafe(
      []() -> coro<int> {
        current_task().cancel();
        co_await sleep(0s);
        co_return 1;
      }(),
      *loop);
    CHECK_THROWS_AS(selfish.result(), cancelled_error);
    CHECK(selfish.cancelled());
  });
}

TEST_CASE("run_coroutine_threadsafe: cancelling the thread's future cancels "
          "the task (fact 374)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    loop_in_thread loop{options};
    std::atomic<bool> began{false};
    std::atomic<bool> cancelled{false};
    auto body = [&]() -> coro<void> {
      began = true;
      try {
        co_await sleep(1h);
      } catch (const cancelled_error&) {
        cancelled = true;
        throw;
      }
    };
    auto waiting = run_coroutine_threadsafe(body(), *loop);
    REQUIRE(comes_true([&] { return began.load(); }));
    CHECK(waiting.cancel());
    CHECK(comes_true([&] { return cancelled.load(); }));
    CHECK(comes_true([&] { return waiting.cancelled(); }));
  });
}

TEST_CASE("run_coroutine_threadsafe: cancelling from many threads ends each "
          "task once (fact 374)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    loop_in_thread loop{options};
    std::atomic<int> ended{0};
    auto body = [&]() -> coro<void> {
      struct at_end {
        std::atomic<int>& count;
        ~at_end() {
          ++count;
        }
      } guard{ended};
      co_await sleep(1h);
    };
    std::vector<std::thread> users;
    std::atomic<int> cancelled{0};
    std::atomic<int> began{0};
    for (int i = 0; i < 4; ++i)
      users.emplace_back([&] {
        for (int n = 0; n < 200; ++n) {
          auto waiting = run_coroutine_threadsafe(body(), *loop);
          if (n % 2)
            std::this_thread::yield();
          waiting.cancel();
          try {
            waiting.result();
          } catch (const cancelled_error&) {
            ++cancelled;
          }
        }
      });
    for (auto& user : users)
      user.join();
    began = ended.load();

    CHECK(cancelled == 800);
    CHECK(began <= 800); // a task cancelled before it begins never runs
  });
}

TEST_CASE("all_tasks: is complete while tasks come and go in many loops "
          "(fact 375)",
          "[threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> missed{0};
    std::atomic<long> looked{0};
    std::vector<std::thread> users;
    for (int i = 0; i < 3; ++i)
      users.emplace_back([&] {
        run(
          [&]() -> coro<void> {
            auto loop = get_running_loop();
            std::atomic<bool> over{false};
            std::thread observer{[&, loop] {
              while (!over) {
                all_tasks(loop);
                ++looked;
              }
            }};
            auto gate = future<void>::make();
            std::vector<task<void>> mine;
            for (int n = 1; n <= 200; ++n) {
              mine.push_back(create_task(wait_for_gate(gate)));
              auto short_lived = create_task(add(1, 1));
              if (n % 10 == 0)
                co_await sleep(0s);
              auto listed = all_tasks().size();
              missed += listed < mine.size() + 1; // and ourselves
            }
            gate.set_result();
            for (auto& each : mine)
              co_await each;
            co_await reached([&] { return looked > 0; });
            over = true;
            co_await to_thread([&] { observer.join(); });
          },
          options);
      });
    for (auto& user : users)
      user.join();

    CHECK(missed == 0);
    CHECK(looked > 0);
  });
}
