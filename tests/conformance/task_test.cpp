// What asyncio's tasks promise about starting, results and identity.

#include <troupe/future.hpp>
#include <troupe/loop.hpp>
#include <troupe/run.hpp>
#include <troupe/sleep.hpp>
#include <troupe/task.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/standard_error.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

template <class X>
concept can_be_a_task = requires(X x) { create_task(std::move(x)); };

template <class X>
concept can_be_ensured = requires(X x) { ensure_future(std::move(x)); };

template <class Task>
concept can_be_named_by_number = requires(Task x) { x.set_name(42); };

struct not_awaitable {};

// Something of a user's own that can be awaited.
struct wrapped_answer {
  future<int> source;

  auto operator co_await() const {
    return source.operator co_await();
  }
};

coro<int> give(int value) {
  co_return value;
}

coro<int> give_later(int value) {
  co_await sleep(0s);
  co_return value;
}

coro<void> wait_for_gate(future<void> gate) {
  co_await gate;
}

coro<int> fail_at_once() {
  throw std::runtime_error("broken");
  co_return 0;
}

coro<int> pass_on() {
  co_return co_await fail_at_once();
}

// A chain of `length` coroutines; the innermost says how many tasks there are.
coro<std::size_t> chain(int length) {
  if (length == 0)
    co_return all_tasks().size();
  auto tasks = co_await chain(length - 1);
  co_return tasks;
}

unsigned long number_of(const std::string& name) {
  return std::stoul(name.substr(name.find('-') + 1));
}

} // namespace

// -- sleeping in turns --------------------------------------------------------

TEST_CASE("task: create_task does not start the coroutine (fact E1)",
          "[task][order]") {
  record<> events;
  auto child = [&]() -> coro<void> {
    events.add("child starts");
    co_return;
  };

  run([&]() -> coro<void> {
    auto first = create_task(child);
    events.add("created");
    co_await sleep(0s);
    events.add("parent again");
    co_await first;
  });

  CHECK(events.all()
        == std::vector<std::string>{"created", "child starts", "parent again"});
}

TEST_CASE("task: tasks start in the order in which they were made (fact E1)",
          "[task][order]") {
  record<int> started;
  run([&]() -> coro<void> {
    std::vector<task<void>> children;
    for (int i = 0; i < 100; ++i)
      children.push_back(create_task([&started, i]() -> coro<void> {
        started.add(i);
        co_return;
      }));
    for (auto& child : children)
      co_await child;
  });

  auto seen = started.all();
  CHECK(seen.size() == 100);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("coro: awaiting one that does not suspend lets nobody else run "
          "(fact E2)",
          "[coro][order]") {
  record<> events;
  auto quick = [&]() -> coro<void> {
    events.add("quick");
    co_return;
  };

  run([&]() -> coro<void> {
    get_running_loop().call_soon([&] { events.add("callback"); });
    for (int i = 0; i < 3; ++i)
      co_await quick();
    events.add("awaited");
    co_await sleep(0s);
  });

  CHECK(events.all()
        == std::vector<std::string>{"quick", "quick", "quick", "awaited",
                                    "callback"});
}

TEST_CASE("task: awaiting a finished one does not enter the loop (fact E3)",
          "[task][order]") {
  record<> events;
  run([&]() -> coro<void> {
    auto finished = create_task(give(1));
    co_await finished;
    get_running_loop().call_soon([&] { events.add("callback"); });
    co_await finished;
    co_await finished;
    events.add("awaited twice");
    co_await sleep(0s);
  });

  CHECK(events.all() == std::vector<std::string>{"awaited twice", "callback"});
}

TEST_CASE("task: between two awaits nothing else of the loop runs (fact E22)",
          "[task][order]") {
  int shared = 0;
  int lost = 0;
  auto add_slowly = [&]() -> coro<void> {
    for (int i = 0; i < 100; ++i) {
      int before = shared;
      co_await give(0);
      if (shared != before)
        ++lost;
      shared = before + 1;
      co_await sleep(0s);
    }
  };

  run([&]() -> coro<void> {
    std::vector<task<void>> children;
    for (int i = 0; i < 10; ++i)
      children.push_back(create_task(add_slowly));
    for (auto& child : children)
      co_await child;
  });

  CHECK(shared == 1000);
  CHECK(lost == 0);
}

TEST_CASE("task: members of a serial group share plain variables (fact E22)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    int shared = 0;
    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};
    auto add_slowly = [&]() -> coro<void> {
      for (int i = 0; i < 100; ++i) {
        overlaps += inside.fetch_add(1) != 0;
        int before = shared;
        co_await give(0);
        shared = before + 1;
        inside.fetch_sub(1);
        co_await sleep(0s);
      }
    };

    run_in_group(options, [&](task_options in_group) -> coro<void> {
      std::vector<task<void>> children;
      for (int i = 0; i < 10; ++i)
        children.push_back(create_task(add_slowly, in_group));
      for (auto& child : children)
        co_await child;
    });

    CHECK(shared == 1000);
    CHECK(overlaps == 0);
  });
}

// -- start and result ---------------------------------------------------------

TEST_CASE("task: ends done with the coroutine's value, on its loop (fact 1)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    bool done = false;
    bool cancelled = true;
    bool same_loop = false;
    int value = 0;
    run(
      [&]() -> coro<void> {
        auto child = create_task(give_later(42));
        co_await child;
        done = child.done();
        cancelled = child.cancelled();
        value = child.result();
        same_loop = child.get_loop() == get_running_loop();
      },
      options);

    CHECK(done);
    CHECK_FALSE(cancelled);
    CHECK(value == 42);
    CHECK(same_loop);
  });
}

TEST_CASE("task: nested coroutines run in sequence inside the same task "
          "(fact 2)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    std::atomic<int> same{0};
    any_task self;
    auto inner = [&](int value) -> coro<int> {
      same += current_task() == self;
      events.add("in " + std::to_string(value));
      co_await sleep(0s);
      same += current_task() == self;
      events.add("out " + std::to_string(value));
      co_return value;
    };

    int sum = run(
      [&]() -> coro<int> {
        self = current_task();
        int first = co_await inner(1);
        int second = co_await inner(20);
        co_return first + second;
      },
      options);
    self = {};

    CHECK(sum == 21);
    CHECK(same == 4);
    CHECK(events.all()
          == std::vector<std::string>{"in 1", "out 1", "in 20", "out 20"});
  });
}

TEST_CASE("task: a chain of 100 coroutines is one task (fact 3)", "[task]") {
  for_each_worker_count(
    [](run_options options) { CHECK(run(chain(100), options) == 1); });
}

TEST_CASE("task: only a coroutine can be made a task (fact 4)", "[task]") {
  STATIC_REQUIRE(can_be_a_task<coro<int>>);
  STATIC_REQUIRE(can_be_a_task<coro<int> (*)()>);
  STATIC_REQUIRE_FALSE(can_be_a_task<int>);
  STATIC_REQUIRE_FALSE(can_be_a_task<not_awaitable>);
  STATIC_REQUIRE_FALSE(can_be_a_task<future<int>>);
  STATIC_REQUIRE_FALSE(can_be_a_task<int (*)()>);
}

TEST_CASE("task: awaiting a future of another loop is an error (fact 5)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    auto other = new_event_loop();
    auto foreign = other.create_future<int>();
    auto code = run([&] { return error_of_await(foreign); }, options);
    other.close();

    CHECK(code == errc::wrong_loop);
  });
}

TEST_CASE("task: awaiting itself is an error (fact 6)", "[task]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    auto code = run(
      [&]() -> coro<std::error_code> {
        try {
          co_await current_task();
        } catch (const error& problem) {
          text = problem.what();
          co_return problem.code();
        }
        co_return std::error_code{};
      },
      options);

    CHECK(code == errc::awaits_itself);
    CHECK(contains(text, "await"));
  });
}

TEST_CASE("ensure_future: gives tasks and futures back as they are (fact 7)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    bool same_task = false;
    bool same_future = false;
    run(
      [&]() -> coro<void> {
        auto child = create_task(give(1));
        same_task = ensure_future(child) == child;
        co_await child;
        auto plain = future<int>::make();
        same_future = ensure_future(plain) == plain;
        plain.set_result(1);
      },
      options);

    CHECK(same_task);
    CHECK(same_future);
  });
}

TEST_CASE("ensure_future: wraps an awaitable of the user in a task (fact 9)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    bool is_task = false;
    int value = run(
      [&]() -> coro<int> {
        auto source = future<int>::make();
        auto wrapper = ensure_future(wrapped_answer{source});
        static_assert(std::is_same_v<decltype(wrapper), task<int>>);
        auto left = all_tasks();
        is_task = std::find(left.begin(), left.end(), wrapper) != left.end();
        source.set_result(7);
        co_return co_await wrapper;
      },
      options);

    CHECK(is_task);
    CHECK(value == 7);
  });
}

TEST_CASE("ensure_future: refuses what cannot be awaited (fact 10)", "[task]") {
  STATIC_REQUIRE(can_be_ensured<coro<int>>);
  STATIC_REQUIRE(can_be_ensured<future<int>>);
  STATIC_REQUIRE(can_be_ensured<wrapped_answer>);
  STATIC_REQUIRE_FALSE(can_be_ensured<int>);
  STATIC_REQUIRE_FALSE(can_be_ensured<not_awaitable>);
}

TEST_CASE("task: a closed loop closes the coroutine it refuses (fact 11)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    loop_options how;
    how.threads = options.threads;
    auto loop = new_event_loop(how);
    loop.close();
    auto code = error_of([&] { loop.create_task(give(1)); });

    CHECK(code == errc::loop_closed);
    CHECK(output.text() == "");
  });
}

TEST_CASE("task: refuses set_result and set_exception and goes on (fact 12)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    std::error_code result_code;
    std::error_code exception_code;
    int value = run(
      [&]() -> coro<int> {
        auto gate = future<int>::make();
        auto child
          = create_task([&]() -> coro<int> { co_return co_await gate; });
        result_code = error_of([&] { child.set_result(13); });
        exception_code
          = error_of([&] { child.set_exception(std::runtime_error("no")); });
        gate.set_result(42);
        co_return co_await child;
      },
      options);

    CHECK(result_code == errc::not_supported);
    CHECK(exception_code == errc::not_supported);
    CHECK(value == 42);
  });
}

// -- names and texts ----------------------------------------------------------

TEST_CASE("task: names without a choice rise (fact 14)", "[task]") {
  for_each_worker_count([](run_options options) {
    std::string first;
    std::string second;
    run(
      [&]() -> coro<void> {
        auto x = create_task(give(1));
        auto y = create_task(give(2));
        first = x.get_name();
        second = y.get_name();
        co_await x;
        co_await y;
      },
      options);

    REQUIRE(first.starts_with("Task-"));
    REQUIRE(second.starts_with("Task-"));
    CHECK(number_of(second) == number_of(first) + 1);
  });
}

TEST_CASE("task: only a text is a name (fact 15)", "[task]") {
  STATIC_REQUIRE_FALSE(can_be_named_by_number<any_task>);
  STATIC_REQUIRE_FALSE(can_be_named_by_number<task<int>>);
}

TEST_CASE("task: sees its own name on its first step (fact 16)", "[task]") {
  for_each_worker_count([](run_options options) {
    auto tell_name = []() -> coro<std::string> {
      co_return current_task().get_name();
    };
    std::string renamed;
    auto name = run(
      [&]() -> coro<std::string> {
        auto child = create_task(tell_name(), "worker");
        auto seen = co_await child;
        child.set_name("retired");
        renamed = child.get_name();
        co_return seen;
      },
      options);

    CHECK(name == "worker");
    CHECK(renamed == "retired");
  });
}

TEST_CASE("task: its text names the future it waits for (fact 18)", "[task]") {
  for_each_worker_count([](run_options options) {
    std::string text;
    bool blocked = false;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto child = create_task(wait_for_gate(gate), "blocked one");
        blocked = co_await reached(
          [&] { return contains(to_string(child), "wait_for=<"); });
        text = to_string(child);
        gate.set_result();
        co_await child;
      },
      options);

    INFO(text);
    CHECK(blocked);
    CHECK(contains(text, "blocked one"));
    CHECK(contains(text, "wait_for=<Future pending"));
  });
}

TEST_CASE("current_task: is the task itself after each await, whoever woke it "
          "(fact 20)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> wrong{0};
    auto play = [&](future<void> mine, future<void> theirs) -> coro<void> {
      auto self = current_task();
      co_await mine;
      wrong += current_task() != self;
      theirs.set_result();
      wrong += current_task() != self;
      co_await sleep(0s);
      wrong += current_task() != self;
    };

    run(
      [&]() -> coro<void> {
        auto self = current_task();
        auto one = future<void>::make();
        auto two = future<void>::make();
        auto three = future<void>::make();
        auto first = create_task(play(one, two));
        auto second = create_task(play(two, three));
        one.set_result();
        co_await three;
        wrong += current_task() != self;
        co_await first;
        co_await second;
        wrong += current_task() != self;
      },
      options);

    CHECK(wrong == 0);
  });
}

TEST_CASE("current_task: is empty inside a plain callback (fact 20)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    bool empty = run(
      [&]() -> coro<bool> {
        auto seen = future<bool>::make();
        get_running_loop().call_soon(
          [seen] { seen.set_result(!current_task()); });
        co_return co_await seen;
      },
      options);

    CHECK(empty);
    CHECK(error_of([] { current_task(); }) == errc::no_running_loop);
  });
}

// -- reports ------------------------------------------------------------------

TEST_CASE("task: pending when its loop closes is reported (fact 23)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    error_log errors;
    loop_options how;
    how.threads = options.threads;
    how.debug = 1;
    auto loop = new_event_loop(how);
    errors.watch(loop);
    auto gate = loop.create_future<void>();
    loop.create_task(wait_for_gate(gate), {.name = "forgotten"});
    const std::string place = "task_test.cpp:" + std::to_string(__LINE__ - 1);
    loop.run_until_complete(turns(3));
    CHECK(errors.size() == 0);
    loop.close();

    REQUIRE(errors.size() == 1);
    auto told = errors.all().front();
    INFO(told.future);
    CHECK(contains(told.message, "Task was destroyed but it is pending"));
    CHECK(contains(told.future, "forgotten"));
    CHECK(contains(told.future, place));
  });
}

TEST_CASE("task: in debug mode remembers where it was made (fact 24)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    options.debug = 1;
    std::string text;
    std::string place;
    run(
      [&]() -> coro<void> {
        auto child = create_task(give(1));
        place = "task_test.cpp:" + std::to_string(__LINE__ - 1);
        text = to_string(child);
        co_await child;
      },
      options);

    INFO(text);
    CHECK(contains(text, place));
  });
}

TEST_CASE("task: its exception keeps the chain of awaits (fact 25)", "[task]") {
  for_each_worker_count([](run_options options) {
    std::string chain;
    std::exception_ptr problem;
    run(
      [&]() -> coro<void> {
        auto child = create_task(pass_on());
        try {
          co_await child;
        } catch (const std::runtime_error&) {
        }
        problem = child.exception();
        chain = child.await_chain();
      },
      options);

    INFO(chain);
    CHECK(is_a<std::runtime_error>(problem));
    auto inner = chain.find("fail_at_once (");
    auto outer = chain.find("pass_on (");
    CHECK(inner != std::string::npos);
    CHECK(outer != std::string::npos);
    CHECK(inner < outer);
  });
}

TEST_CASE("coro: one that runs as a task cannot be awaited too (fact 28)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    int value = 0;
    auto code = run(
      [&]() -> coro<std::error_code> {
        auto body = give_later(5);
        auto child = create_task(std::move(body));
        auto twice = co_await error_of_await(std::move(body));
        value = co_await child;
        co_return twice;
      },
      options);

    CHECK(code == errc::awaited_twice);
    CHECK(value == 5);
  });
}

TEST_CASE("coro: one that runs as a task cannot be made a task again (fact 28)",
          "[task]") {
  for_each_worker_count([](run_options options) {
    auto code = run(
      [&]() -> coro<std::error_code> {
        auto body = give_later(5);
        auto child = create_task(std::move(body));
        auto twice = error_of([&] { create_task(std::move(body)); });
        co_await child;
        co_return twice;
      },
      options);

    CHECK(code == errc::awaited_twice);
  });
}
