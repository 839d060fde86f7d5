#include <troupe/coro.hpp>
#include <troupe/error.hpp>
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

#include <atomic>
#include <coroutine>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// -- awaits inside conditions: none of these coroutines has a local variable -

coro<bool> truth() {
  co_return true;
}

coro<bool> late_truth() {
  co_await sleep(0s);
  co_return true;
}

coro<bool> one_less(int& left) {
  co_await sleep(0s);
  co_return left-- > 0;
}

coro<int> value_of(int& place) {
  co_await sleep(0s);
  co_return place;
}

coro<int> await_in_if() {
  if (co_await truth())
    co_return 1;
  co_return 0;
}

coro<int> await_late_in_if() {
  if (co_await late_truth())
    co_return 1;
  co_return 0;
}

coro<void> await_in_while(int& left, int& steps) {
  while (co_await one_less(left))
    ++steps;
}

coro<void> await_in_do(int& left, int& steps) {
  do
    ++steps;
  while (co_await one_less(left));
}

coro<void> await_in_for(int& left, int& steps) {
  for (; co_await one_less(left);)
    ++steps;
}

coro<std::string> await_in_switch(int& place) {
  switch (co_await value_of(place)) {
    case 0:
      co_return "zero";
    case 1:
      co_return "one";
    default:
      co_return "many";
  }
}

coro<int> await_in_conditional(int& place) {
  co_return co_await late_truth() ? co_await value_of(place) : -1;
}

coro<bool> await_in_logic(int& place) {
  if (co_await late_truth() && co_await value_of(place) == 3
      && !(co_await value_of(place) == 4))
    co_return true;
  co_return false;
}

// Counts how many of its kind are alive.
struct counted {
  explicit counted(std::string text) : text{std::move(text)} {
    ++alive;
  }

  counted(const counted& other) : text{other.text} {
    ++alive;
  }

  counted(counted&& other) noexcept : text{std::move(other.text)} {
    ++alive;
  }

  counted& operator=(const counted&) = default;

  ~counted() {
    --alive;
  }

  std::string text;
  static inline std::atomic<int> alive{0};
};

coro<std::size_t> length_of(counted x) {
  co_await sleep(0s);
  co_return x.text.size();
}

coro<counted> made(std::string text) {
  co_await sleep(0s);
  co_return counted{std::move(text)};
}

coro<bool> await_in_if_with_arguments() {
  if (co_await length_of(counted{"a text that is long enough to be allocated"})
      == 42)
    co_return true;
  co_return false;
}

coro<std::size_t> await_in_arguments() {
  co_return co_await length_of(
    co_await made("a text that needs an allocation"));
}

coro<void> throw_in_condition() {
  throw std::runtime_error("condition");
  co_return;
}

coro<bool> failing_truth() {
  co_await throw_in_condition();
  co_return true;
}

coro<int> await_failure_in_if() {
  if (co_await failing_truth())
    co_return 1;
  co_return 0;
}

coro<int> await_task_in_if(task<int> child) {
  if (co_await child)
    co_return 1;
  co_return 0;
}

// -- others -------------------------------------------------------------------

coro<int> give(int value) {
  co_return value;
}

coro<int> depth(int levels) {
  if (levels == 0)
    co_return 0;
  auto below = co_await depth(levels - 1);
  co_return below + 1;
}

coro<int> fail_at(int levels) {
  if (levels == 0)
    throw std::runtime_error("at the bottom");
  co_return co_await fail_at(levels - 1);
}

coro<void> innermost() {
  co_await sleep(0s);
  throw std::runtime_error("broken");
}

coro<void> middle() {
  co_await innermost();
}

coro<void> outermost() {
  co_await middle();
}

coro<void> never_run(std::shared_ptr<int>) {
  co_return;
}

// -- awaitables of a user -----------------------------------------------------

struct with_member_operator {
  int value;

  auto operator co_await() const {
    return give(value).operator co_await();
  }
};

struct with_free_operator {
  future<int> source;
};

auto operator co_await(const with_free_operator& x) {
  return x.source.operator co_await();
}

// An awaiter of a library that knows only `std::coroutine_handle`: resumed by a
// thread of its own.
struct resumed_by_thread {
  int value;
  std::thread* thread;

  bool await_ready() const noexcept {
    return false;
  }

  void await_suspend(std::coroutine_handle<> handle) const {
    *thread = std::thread{[handle] {
      handle.resume();
    }};
  }

  int await_resume() const noexcept {
    return value;
  }
};

struct ready_at_once {
  bool await_ready() const noexcept {
    return true;
  }

  void await_suspend(std::coroutine_handle<>) const noexcept {}

  int await_resume() const noexcept {
    return 5;
  }
};

// `await_suspend` may decide not to suspend after all.
struct changes_its_mind {
  bool await_ready() const noexcept {
    return false;
  }

  bool await_suspend(std::coroutine_handle<>) const noexcept {
    return false;
  }

  int await_resume() const noexcept {
    return 6;
  }
};

// `await_suspend` may name the coroutine to go on with.
struct resumes_at_once {
  bool await_ready() const noexcept {
    return false;
  }

  std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) const {
    return handle;
  }

  int await_resume() const noexcept {
    return 7;
  }
};

struct throws_on_resume {
  bool await_ready() const noexcept {
    return false;
  }

  bool await_suspend(std::coroutine_handle<>) const noexcept {
    return false;
  }

  int await_resume() const {
    throw std::runtime_error("foreign");
  }
};

template <class X>
concept can_be_awaited = detail::awaitable<X>;

} // namespace

TEST_CASE("coro: await inside a condition of if", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    CHECK(run(await_in_if(), options) == 1);
    CHECK(run(await_late_in_if(), options) == 1);
  });
}

TEST_CASE("coro: await inside a condition of while, do and for",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    int left = 3;
    int steps = 0;
    run(await_in_while(left, steps), options);
    CHECK(steps == 3);

    left = 3;
    steps = 0;
    run(await_in_do(left, steps), options);
    CHECK(steps == 4);

    left = 3;
    steps = 0;
    run(await_in_for(left, steps), options);
    CHECK(steps == 3);
  });
}

TEST_CASE("coro: await inside a condition of switch", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    std::vector<std::string> seen;
    for (int i = 0; i < 3; ++i)
      seen.push_back(run(await_in_switch(i), options));
    CHECK(seen == std::vector<std::string>{"zero", "one", "many"});
  });
}

TEST_CASE("coro: await inside a condition with other operators",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    int place = 3;
    CHECK(run(await_in_conditional(place), options) == 3);
    CHECK(run(await_in_logic(place), options));
    place = 4;
    CHECK_FALSE(run(await_in_logic(place), options));
  });
}

TEST_CASE("coro: await inside a condition, of arguments with destructors",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    CHECK(run(await_in_if_with_arguments(), options));
    CHECK(run(await_in_arguments(), options) == 31);
    CHECK(counted::alive == 0);
  });
}

TEST_CASE("coro: await inside a condition, of what throws", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    CHECK_THROWS_WITH(run(await_failure_in_if(), options), "condition");
  });
}

TEST_CASE("coro: await inside a condition, of a task", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    int value = run(
      []() -> coro<int> {
        auto child = create_task(give(1));
        auto reader = create_task(await_task_in_if(child));
        co_return co_await reader;
      },
      options);
    CHECK(value == 1);
  });
}

TEST_CASE("coro: await inside a condition, cancelled there",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    bool cancelled = run(
      []() -> coro<bool> {
        auto never = future<bool>::make();
        auto child = create_task([](future<bool> source) -> coro<int> {
          if (co_await source)
            co_return 1;
          co_return 0;
        }(never));
        co_await blocked(child);
        child.cancel();
        co_await reached([&] { return child.done(); });
        co_return child.cancelled();
      },
      options);
    CHECK(cancelled);
  });
}

TEST_CASE("coro: 100,000 awaits of a child in a loop need no stack",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    long sum = run(
      []() -> coro<long> {
        long total = 0;
        for (int i = 0; i < 100'000; ++i)
          total += co_await give(1);
        co_return total;
      },
      options);
    CHECK(sum == 100'000);
  });
}

TEST_CASE("coro: a chain 10,000 deep needs no stack", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    CHECK(run(depth(10'000), options) == 10'000);
    CHECK_THROWS_WITH(run(fail_at(10'000), options), "at the bottom");
  });
}

TEST_CASE("coro: chains of any depth wait, return and throw",
          "[coro][threads]") {
  struct chain {
    static coro<int> down(int levels, int turns, bool fails) {
      if (levels > 0) {
        int below = co_await down(levels - 1, turns, fails);
        int again = co_await give(1); // on top of a frame that has waited
        co_return below + again;
      }
      for (int i = 0; i < turns; ++i)
        co_await sleep(0s);
      if (fails)
        throw std::runtime_error("at the bottom");
      co_return 0;
    }
  };
  for_each_worker_count([](run_options options) {
    for (int levels = 0; levels < 40; ++levels)
      for (int turns = 0; turns < 3; ++turns) {
        CHECK(run(chain::down(levels, turns, false), options) == levels);
        CHECK_THROWS_WITH(run(chain::down(levels, turns, true), options),
                          "at the bottom");
      }
  });
}

TEST_CASE("coro: a chain 10,000 deep can be cancelled at its bottom",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    std::atomic<int> unwound{0};
    struct at_end {
      std::atomic<int>& count;
      ~at_end() {
        ++count;
      }
    };
    struct deep {
      static coro<void> sleep_at(int levels, std::atomic<int>& count) {
        at_end guard{count};
        if (levels == 0)
          co_await sleep(1h);
        else
          co_await sleep_at(levels - 1, count);
      }
    };
    bool cancelled = run(
      [&]() -> coro<bool> {
        auto child = create_task(deep::sleep_at(10'000, unwound));
        co_await reached([&] { return child.get_stack().size() > 10'000; });
        child.cancel();
        co_await reached([&] { return child.done(); });
        co_return child.cancelled();
      },
      options);
    CHECK(cancelled);
    CHECK(unwound == 10'001);
  });
}

// -- results ------------------------------------------------------------------

TEST_CASE("coro: returns move-only values", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    auto box = run(
      []() -> coro<std::unique_ptr<std::string>> {
        auto make = [](std::string text) -> coro<std::unique_ptr<std::string>> {
          co_await sleep(0s);
          co_return std::make_unique<std::string>(std::move(text));
        };
        auto first = co_await make("box");
        co_await sleep(0s);
        co_return first;
      },
      options);
    REQUIRE(box);
    CHECK(*box == "box");
  });
}

TEST_CASE("coro: returns references", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    int place = 1;
    run(
      [&]() -> coro<void> {
        auto lend = [&]() -> coro<int&> {
          co_await sleep(0s);
          co_return place;
        };
        int& borrowed = co_await lend();
        borrowed = 2;
        auto child = create_task(lend());
        int& other = co_await child;
        ++other;
      },
      options);
    CHECK(place == 3);
  });
}

TEST_CASE("coro: results and arguments are destroyed once", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    counted::alive = 0;
    {
      auto result = run(
        []() -> coro<counted> {
          auto first = co_await made("one");
          auto size = co_await length_of(first);
          auto child = create_task(made(std::string(size, 'x')));
          auto copy = co_await child;
          co_return copy;
        },
        options);
      CHECK(result.text == "xxx");
      CHECK(counted::alive == 1);
    }
    CHECK(counted::alive == 0);
  });
}

TEST_CASE("coro: its locals are destroyed in reverse order, children first",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    record<> events;
    struct at_end {
      record<>& events;
      std::string name;
      ~at_end() {
        events.add(name);
      }
    };
    auto child = [&]() -> coro<void> {
      at_end one{events, "child's"};
      co_await sleep(0s);
      throw std::runtime_error("out");
    };
    auto parent = [&]() -> coro<void> {
      at_end one{events, "parent's first"};
      at_end two{events, "parent's second"};
      co_await child();
    };
    CHECK_THROWS_WITH(run(parent(), options), "out");
    CHECK(events.all()
          == std::vector<std::string>{"child's", "parent's second",
                                      "parent's first"});
  });
}

// -- exceptions ---------------------------------------------------------------

TEST_CASE("coro: an exception tells through which awaits it came",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    std::string chain;
    run(
      [&]() -> coro<void> {
        try {
          co_await outermost();
        } catch (const std::runtime_error&) {
          chain = await_chain();
        }
      },
      options);

    // innermost (file:line) <- middle (file:line) <- outermost (file:line)
    INFO(chain);
    auto first = chain.find("innermost (");
    auto second = chain.find(" <- middle (");
    auto third = chain.find(" <- outermost (");
    REQUIRE(first == 0);
    REQUIRE(second != std::string::npos);
    REQUIRE(third != std::string::npos);
    CHECK(first < second);
    CHECK(second < third);
    CHECK(contains(chain, "coro_test.cpp:"));
  });
}

TEST_CASE("coro: an exception that is caught and a new one do not mix chains",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    std::string chain;
    auto second_failure = []() -> coro<void> {
      bool failed = false;
      try {
        co_await outermost();
      } catch (const std::runtime_error&) {
        failed = true;
      }
      co_await sleep(0s);
      if (failed)
        throw std::logic_error("another");
    };
    run(
      [&]() -> coro<void> {
        try {
          co_await second_failure();
        } catch (const std::logic_error&) {
          chain = await_chain();
        }
      },
      options);

    INFO(chain);
    CHECK_FALSE(contains(chain, "innermost"));
    CHECK(contains(chain, "coro_test.cpp:"));
  });
}

TEST_CASE("coro: an exception keeps its chain across tasks",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    std::string chain;
    run(
      [&]() -> coro<void> {
        auto child = create_task(outermost());
        try {
          co_await child;
        } catch (const std::runtime_error&) {
          chain = await_chain();
        }
      },
      options);

    INFO(chain);
    CHECK(contains(chain, "innermost ("));
    CHECK(contains(chain, "outermost ("));
  });
}

TEST_CASE("coro: any type can be thrown through awaits", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    int caught = run(
      []() -> coro<int> {
        auto thrower = []() -> coro<void> {
          co_await sleep(0s);
          throw 42;
        };
        try {
          co_await thrower();
        } catch (int number) {
          co_return number;
        }
        co_return 0;
      },
      options);
    CHECK(caught == 42);
  });
}

// -- misuse -------------------------------------------------------------------

TEST_CASE("coro: awaited twice is an error", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    int first = 0;
    auto code = run(
      [&]() -> coro<std::error_code> {
        auto once = give(4);
        first = co_await once;
        try {
          co_await once;
        } catch (const error& problem) {
          co_return problem.code();
        }
        co_return std::error_code{};
      },
      options);
    CHECK(first == 4);
    CHECK(code == errc::awaited_twice);
  });
}

TEST_CASE("coro: dropped without being awaited is reported", "[coro]") {
  captured_standard_error output;
  auto kept = std::make_shared<int>(1);
  {
    auto dropped = never_run(kept);
    CHECK(static_cast<bool>(dropped));
    CHECK(kept.use_count() == 2);
  }
  auto text = output.text();

  INFO(text);
  CHECK(kept.use_count() == 1);
  CHECK(
    contains(text, "RuntimeWarning: coroutine 'never_run' was never awaited"));
  CHECK(contains(text, "coro_test.cpp"));
}

TEST_CASE("coro: dropped in a loop with a handler is reported to it",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    captured_standard_error output;
    error_log errors;
    run(
      [&]() -> coro<void> {
        errors.watch(get_running_loop());
        {
          auto dropped = never_run(nullptr);
        }
        co_return;
      },
      options);
    CHECK(errors.count("never awaited") == 1);
    CHECK(errors.count("never_run") == 1);
    CHECK(output.text() == "");
  });
}

TEST_CASE("coro: closed, moved from, or replaced is reported rightly",
          "[coro]") {
  captured_standard_error output;
  {
    auto closed = never_run(nullptr);
    closed.close();
    CHECK_FALSE(static_cast<bool>(closed));
    closed.close();
  }
  CHECK(output.text() == "");
  {
    auto source = never_run(nullptr);
    auto target = std::move(source);
    CHECK_FALSE(static_cast<bool>(source));
    CHECK(static_cast<bool>(target));
    target.close();
  }
  CHECK(output.text() == "");
  {
    auto replaced = never_run(nullptr);
    replaced = never_run(nullptr);
    CHECK(contains(output.text(), "never awaited"));
    replaced.close();
  }
}

TEST_CASE("coro: its text names the function", "[coro]") {
  auto unused = never_run(nullptr);
  std::ostringstream stream;
  stream << unused;
  auto text = to_string(unused);
  unused.close();

  INFO(text);
  CHECK(text.starts_with("<coroutine object never_run at 0x"));
  CHECK(stream.str() == text);
}

TEST_CASE("coro: is known as a coroutine", "[coro]") {
  STATIC_REQUIRE(is_coroutine<coro<int>>);
  STATIC_REQUIRE(is_coroutine<coro<void>>);
  STATIC_REQUIRE_FALSE(is_coroutine<future<int>>);
  STATIC_REQUIRE_FALSE(is_coroutine<int>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<coro<int>>);
}

// -- what else can be awaited -------------------------------------------------

TEST_CASE("coro: awaits types with an operator co_await", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    int sum = run(
      []() -> coro<int> {
        auto source = future<int>::make();
        get_running_loop().call_soon([source] { source.set_result(30); });
        auto first = co_await with_member_operator{12};
        with_free_operator wrapped{source}; // docs/compilers.md: no temporary
        auto second = co_await wrapped;
        co_return first + second;
      },
      options);
    CHECK(sum == 42);
  });
}

TEST_CASE("coro: awaits what another library resumes in its own thread",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    bool here = false;
    int sum = run(
      [&]() -> coro<int> {
        int total = 0;
        for (int i = 0; i < 20; ++i) {
          std::thread helper;
          auto got = co_await resumed_by_thread{i, &helper};
          here = get_running_loop() == current_task().get_loop()
              && std::this_thread::get_id() != helper.get_id();
          helper.join();
          total += got;
        }
        co_return total;
      },
      options);
    CHECK(sum == 190);
    CHECK(here);
  });
}

TEST_CASE("coro: awaits foreign awaiters of every kind", "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    std::string failure;
    int sum = run(
      [&]() -> coro<int> {
        int total = co_await ready_at_once{};
        total += co_await changes_its_mind{};
        total += co_await resumes_at_once{};
        co_await std::suspend_never{};
        try {
          co_await throws_on_resume{};
        } catch (const std::runtime_error& problem) {
          failure = problem.what();
        }
        co_return total;
      },
      options);
    CHECK(sum == 18);
    CHECK(failure == "foreign");
  });
}

TEST_CASE("coro: a cancellation waits for a foreign awaiter",
          "[coro][threads]") {
  for_each_worker_count([](run_options options) {
    struct parked {
      std::atomic<void*>* place;

      bool await_ready() const noexcept {
        return false;
      }

      void await_suspend(std::coroutine_handle<> handle) const {
        *place = handle.address();
      }

      void await_resume() const noexcept {}
    };
    bool early = true;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        std::atomic<void*> place{nullptr};
        auto child
          = create_task([&]() -> coro<void> { co_await parked{&place}; });
        co_await reached([&] { return place != nullptr; });
        child.cancel();
        co_await turns(5);
        early = child.done();
        std::coroutine_handle<>::from_address(place).resume();
        co_await reached([&] { return child.done(); });
        cancelled = child.cancelled();
      },
      options);
    CHECK_FALSE(early);
    CHECK(cancelled);
  });
}

TEST_CASE("coro: only awaitables can be awaited", "[coro]") {
  STATIC_REQUIRE(can_be_awaited<coro<int>>);
  STATIC_REQUIRE(can_be_awaited<future<int>>);
  STATIC_REQUIRE(can_be_awaited<task<int>>);
  STATIC_REQUIRE(can_be_awaited<any_task>);
  STATIC_REQUIRE(can_be_awaited<with_member_operator>);
  STATIC_REQUIRE(can_be_awaited<with_free_operator>);
  STATIC_REQUIRE(can_be_awaited<resumed_by_thread>);
  STATIC_REQUIRE_FALSE(can_be_awaited<int>);
  STATIC_REQUIRE_FALSE(can_be_awaited<std::string>);
}
