// What asyncio promises about context variables.

#include <troupe/context.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>
#include <troupe/thread_pool.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

context_var<std::string> color{"color", "none"};
context_var<int> counter{"counter", 0};
context_var<int> unset{"unset"};

// As decimal.getcontext(): a setting of the task that a scope changes.
context_var<int> precision{"precision", 28};

class local_precision {
public:
  explicit local_precision(int digits) : before_(precision.set(digits)) {}

  local_precision(const local_precision&) = delete;
  local_precision& operator=(const local_precision&) = delete;

  ~local_precision() {
    precision.reset(before_);
  }

private:
  context_var<int>::token before_;
};

} // namespace

TEST_CASE("context: a task sees the values of its making (fact 279)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    std::string in_child;
    std::string in_parent;
    run_in_group(options, [&](task_options in_group) -> coro<void> {
      color.set("blue");
      auto child = create_task(
        [&]() -> coro<void> {
          in_child = color.get();
          color.set("green");
          co_await sleep(0s);
          in_child += ", " + color.get();
        },
        in_group);
      color.set("red");
      co_await child;
      in_parent = color.get();
    });

    CHECK(in_child == "blue, green");
    CHECK(in_parent == "red");
  });
}

TEST_CASE("context: coroutines that are awaited share the task's values "
          "(fact 279)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    auto paint = []() -> coro<void> {
      co_await sleep(0s);
      color.set("yellow");
    };
    auto seen = run(
      [&]() -> coro<std::string> {
        color.set("white");
        co_await paint();
        co_return color.get();
      },
      options);

    CHECK(seen == "yellow");
  });
}

TEST_CASE("context: a done callback does not change the task that awaits "
          "(fact 280)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> in_callback{0};
    int in_task = -1;
    run(
      [&]() -> coro<void> {
        counter.set(1);
        auto gate = future<void>::make();
        gate.add_done_callback([&] {
          counter.set(counter.get() + 10);
          in_callback = counter.get();
        });
        get_running_loop().call_soon([gate] {
          counter.set(100);
          gate.set_result();
        });
        counter.set(2);
        co_await gate;
        co_await reached([&] { return in_callback != 0; });
        in_task = counter.get();
      },
      options);

    CHECK(in_callback == 11); // the context of when it was added
    CHECK(in_task == 2);
  });
}

TEST_CASE("context: 100 tasks that interleave see each their own value "
          "(fact 281)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> wrong{0};
    auto count = [&](int number) -> coro<void> {
      for (int i = 0; i < 20; ++i) {
        counter.set(number * 1000 + i);
        co_await sleep(0s);
        wrong += counter.get() != number * 1000 + i;
      }
    };
    int after = run(
      [&]() -> coro<int> {
        counter.set(-1);
        std::vector<task<void>> tasks;
        for (int i = 0; i < 100; ++i)
          tasks.push_back(create_task(count(i)));
        for (auto& each : tasks)
          co_await each;
        co_return counter.get();
      },
      options);

    CHECK(wrong == 0);
    CHECK(after == -1);
  });
}

TEST_CASE("to_thread: the function sees the caller's values (fact 283)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    std::string after;
    auto seen = run(
      [&]() -> coro<std::string> {
        color.set("parent's");
        auto got = co_await to_thread([] {
          auto value = color.get();
          color.set("thread's");
          return value;
        });
        after = color.get();
        co_return got;
      },
      options);

    CHECK(seen == "parent's");
    CHECK(after == "parent's");
  });
}

TEST_CASE("run_in_executor: does not carry context variables (fact 283)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    auto seen = run(
      []() -> coro<std::string> {
        color.set("parent's");
        co_return co_await get_running_loop().run_in_executor(
          nullptr, [] { return color.get(); });
      },
      options);

    CHECK(seen == "none");
  });
}

TEST_CASE("runner: keeps one context between its runs (fact 284)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    std::vector<int> seen;
    {
      runner scope{options};
      for (int i = 0; i < 3; ++i)
        seen.push_back(scope.run([&]() -> coro<int> {
          auto old = counter.get();
          counter.set(old + 1);
          co_return old;
        }));
    }

    CHECK(seen == std::vector{0, 1, 2});
    CHECK(counter.get() == 0);
  });
}

TEST_CASE("context: scoped settings of tasks that interleave do not mix "
          "(fact 285)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> wrong{0};
    auto calculate = [&](int digits) -> coro<void> {
      local_precision outer{digits};
      for (int i = 0; i < 10; ++i) {
        co_await sleep(0s);
        {
          local_precision inner{digits + 100};
          co_await sleep(0s);
          wrong += precision.get() != digits + 100;
        }
        wrong += precision.get() != digits;
      }
    };
    int after = run(
      [&]() -> coro<int> {
        auto first = create_task(calculate(4));
        auto second = create_task(calculate(7));
        co_await first;
        co_await second;
        co_return precision.get();
      },
      options);

    CHECK(wrong == 0);
    CHECK(after == 28);
  });
}

TEST_CASE("context: tasks made with one context share it (fact 279)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    auto seen = run(
      []() -> coro<std::string> {
        task_options how;
        how.context = copy_context();
        auto writer = create_task(
          []() -> coro<void> {
            color.set("shared");
            co_return;
          },
          how);
        co_await writer;
        auto reader = create_task(
          []() -> coro<std::string> { co_return color.get(); }, how);
        auto theirs = co_await reader;
        co_return theirs + ", " + color.get();
      },
      options);

    CHECK(seen == "shared, none");
  });
}

TEST_CASE("context: a callback runs in a copy of its maker's context "
          "(fact 356)",
          "[context]") {
  for_each_worker_count([](run_options options) {
    record<> seen;
    run(
      [&]() -> coro<void> {
        color.set("maker's");
        auto told = future<void>::make();
        auto loop = get_running_loop();
        auto handle = loop.call_soon([&, told] {
          seen.add(color.get());
          color.set("callback's");
          told.set_result();
        });
        color.set("later");
        co_await told;
        seen.add(handle.get_context().run([] { return color.get(); }));
        seen.add(color.get());
      },
      options);

    CHECK(seen.all()
          == std::vector<std::string>{"maker's", "callback's", "later"});
  });
}

TEST_CASE("context: a variable without value or default is an error "
          "(fact 279)",
          "[context]") {
  CHECK_THROWS_AS(unset.get(), std::out_of_range);
  CHECK(unset.get(5) == 5);
  auto mine = copy_context();
  mine.run([] { unset.set(3); });
  CHECK(mine.run([] { return unset.get(); }) == 3);
  CHECK(unset.get(5) == 5);
}
