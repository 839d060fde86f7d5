// What asyncio promises about tasks that start inside create_task.

#include <troupe/context.hpp>
#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

context_var<int> level{"level", 0};

coro<int> give(int value) {
  co_return value;
}

bool is_listed(const any_task& x) {
  auto left = all_tasks();
  return std::find(left.begin(), left.end(), x) != left.end();
}

// Runs `body` on a loop whose tasks start at once.
template <class F>
auto run_eager(run_options options, F&& body) {
  return run(
    [&] {
      get_running_loop().set_task_factory(eager_task_factory);
      return body();
    },
    options);
}

// A tree of tasks, `width` children a node; adds up how many were not done when
// `create_task` returned.
coro<void> grow(int depth, int width, std::atomic<int>& scheduled,
                std::atomic<int>& made) {
  if (depth == 0)
    co_return;
  std::vector<task<void>> children;
  for (int i = 0; i < width; ++i) {
    children.push_back(create_task(grow(depth - 1, width, scheduled, made)));
    ++made;
    scheduled += !children.back().done();
  }
  for (auto& child : children)
    co_await child;
}

} // namespace

TEST_CASE("eager: a coroutine that does not block is done on return "
          "(fact 286)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    bool done = false;
    int value = run_eager(options, [&]() -> coro<int> {
      auto child = create_task(give(3));
      done = child.done();
      co_return co_await child;
    });

    CHECK(done);
    CHECK(value == 3);
  });
}

TEST_CASE("eager: one task can start at once on a lazy loop (fact 286)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    bool eager_done = false;
    bool failed_done = false;
    bool threw = false;
    run(
      [&]() -> coro<void> {
        task_options now;
        now.eager_start = 1;
        auto eager = create_task(give(1), now);
        eager_done = eager.done();
        auto failed = create_task(
          []() -> coro<int> {
            throw std::runtime_error("at once");
            co_return 0;
          },
          now);
        failed_done = failed.done();
        try {
          co_await failed;
        } catch (const std::runtime_error&) {
          threw = true;
        }
      },
      options);

    CHECK(eager_done);
    CHECK(failed_done);
    CHECK(threw);
  });
}

TEST_CASE("eager: a child's value is there when the parent awaits after "
          "(fact 287)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    bool there = false;
    int value = run_eager(options, [&]() -> coro<int> {
      auto gate = future<int>::make();
      auto child = create_task([&]() -> coro<void> {
        gate.set_result(8);
        co_return;
      });
      there = gate.done();
      auto got = co_await gate;
      co_await child;
      co_return got;
    });

    CHECK(there);
    CHECK(value == 8);
  });
}

TEST_CASE("eager: a child that blocks goes on later (fact 287)", "[eager]") {
  for_each_worker_count([](run_options options) {
    bool began = false;
    bool done = true;
    int value = run_eager(options, [&]() -> coro<int> {
      auto gate = future<int>::make();
      auto child = create_task([&]() -> coro<int> {
        began = true;
        auto got = co_await gate;
        co_return got + 1;
      });
      auto began_at_once = began;
      done = child.done();
      gate.set_result(1);
      auto got = co_await child;
      co_return began_at_once ? got : -1;
    });

    CHECK(value == 2);
    CHECK_FALSE(done);
  });
}

TEST_CASE("eager: cancelling a finished task does nothing (fact 289)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    bool accepted = true;
    bool cancelled = true;
    int value = run_eager(options, [&]() -> coro<int> {
      auto child = create_task(give(4));
      accepted = child.cancel();
      cancelled = child.cancelled();
      co_return co_await child;
    });

    CHECK_FALSE(accepted);
    CHECK_FALSE(cancelled);
    CHECK(value == 4);
  });
}

TEST_CASE("eager: current_task is the child inside and the parent after "
          "(fact 291)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    std::string inside;
    bool parent_before = false;
    bool parent_after = false;
    run_eager(options, [&]() -> coro<void> {
      auto self = current_task();
      auto child = create_task(
        [&]() -> coro<void> {
          inside = current_task().get_name();
          parent_before = current_task() == self;
          co_return;
        },
        {.name = "inner"});
      parent_after = current_task() == self;
      co_await child;
    });

    CHECK(inside == "inner");
    CHECK_FALSE(parent_before);
    CHECK(parent_after);
  });
}

TEST_CASE("eager: all_tasks lists the child while it runs (fact 292)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    bool listed_inside = false;
    bool listed_after = true;
    run_eager(options, [&]() -> coro<void> {
      auto child = create_task([&]() -> coro<void> {
        listed_inside = is_listed(current_task());
        co_return;
      });
      listed_after = is_listed(child);
      co_await child;
    });

    CHECK(listed_inside);
    CHECK_FALSE(listed_after);
  });
}

TEST_CASE("eager: all_tasks lists a child that blocked (fact 292)", "[eager]") {
  for_each_worker_count([](run_options options) {
    bool listed = false;
    run_eager(options, [&]() -> coro<void> {
      auto gate = future<void>::make();
      auto child = create_task([&]() -> coro<void> { co_await gate; });
      listed = is_listed(child);
      gate.set_result();
      co_await child;
    });

    CHECK(listed);
  });
}

TEST_CASE("eager: what the first step sets stays the child's (fact 293)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    int inside = 0;
    int after = 0;
    int later = 0;
    run_eager(options, [&]() -> coro<void> {
      level.set(1);
      auto gate = future<void>::make();
      auto child = create_task([&]() -> coro<void> {
        inside = level.get();
        level.set(2);
        co_await gate;
        later = level.get();
      });
      after = level.get();
      gate.set_result();
      co_await child;
    });

    CHECK(inside == 1);
    CHECK(after == 1);
    CHECK(later == 2);
  });
}

TEST_CASE("eager: eager_start = 0 starts later all the same (fact 294)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    std::atomic<bool> began{false};
    bool began_at_once = true;
    run(
      [&]() -> coro<void> {
        get_running_loop().set_task_factory(eager_task_factory);
        serial_group group;
        task_options lazy;
        lazy.group = &group;
        lazy.eager_start = 0;
        // Both are members, so the child cannot begin beside the parent.
        auto parent = create_task(
          [&]() -> coro<void> {
            auto child = create_task(
              [&]() -> coro<void> {
                began = true;
                co_return;
              },
              lazy);
            began_at_once = began;
            co_await child;
          },
          lazy);
        co_await parent;
      },
      options);

    CHECK_FALSE(began_at_once);
    CHECK(began);
  });
}

TEST_CASE("eager: trees of tasks need no scheduling (fact 295)", "[eager]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> eager_scheduled{0};
    std::atomic<int> eager_made{0};
    run_eager(options, [&]() -> coro<void> {
      co_await grow(4, 5, eager_scheduled, eager_made);
    });

    CHECK(eager_made == 780);
    CHECK(eager_scheduled == 0);
  });
}

TEST_CASE("eager: the same tree on a lazy loop is scheduled task by task "
          "(fact 295)",
          "[eager][order]") {
  std::atomic<int> scheduled{0};
  std::atomic<int> made{0};
  run([&]() -> coro<void> { co_await grow(4, 5, scheduled, made); });

  CHECK(made == 780);
  CHECK(scheduled == 780);
}

TEST_CASE("eager: a finished task has no coroutine any more (fact 296)",
          "[eager]") {
  for_each_worker_count([](run_options options) {
    bool empty = false;
    bool alive = false;
    run_eager(options, [&]() -> coro<void> {
      auto child = create_task(give(1));
      empty = child.get_stack().empty();
      auto gate = future<void>::make();
      auto blocked = create_task([&]() -> coro<void> { co_await gate; });
      alive = !blocked.get_stack().empty();
      gate.set_result();
      co_await blocked;
    });

    CHECK(empty);
    CHECK(alive);
  });
}
