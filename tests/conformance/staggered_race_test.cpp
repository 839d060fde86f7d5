// What asyncio promises about staggered races.

#include <troupe/shield.hpp>
#include <troupe/staggered_race.hpp>

#include "support/errors.hpp"
#include "support/record.hpp"
#include "support/test.hpp"
#include "support/workers.hpp"

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using candidate = std::function<coro<int>()>;
using candidates = std::vector<candidate>;

candidate wins(int value) {
  return [value]() -> coro<int> {
    co_return value;
  };
}

candidate fails(const char* text) {
  return [text]() -> coro<int> {
    throw std::runtime_error(text);
    co_return 0;
  };
}

candidate lingers() {
  return []() -> coro<int> {
    co_await sleep(1h);
    co_return 0;
  };
}

} // namespace

TEST_CASE("staggered_race: of nobody (fact 297)", "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    race_result<int> got;
    run(
      [&]() -> coro<void> { got = co_await staggered_race(candidates(), 1s); },
      options);
    CHECK_FALSE(got.winner);
    CHECK_FALSE(got.index);
    CHECK(got.exceptions.empty());
  });
}

TEST_CASE("staggered_race: the first succeeds (fact 298)", "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    race_result<int> got;
    std::atomic<bool> started{false};
    run(
      [&]() -> coro<void> {
        candidates all{wins(7), [&started]() -> coro<int> {
                         started = true;
                         co_return 1;
                       }};
        got = co_await staggered_race(all, 1h);
      },
      options);
    CHECK(got.winner == 7);
    CHECK(got.index == 0u);
    REQUIRE(got.exceptions.size() == 1);
    CHECK(got.exceptions[0] == nullptr);
    CHECK_FALSE(started);
  });
}

TEST_CASE("staggered_race: a failure starts the next at once (fact 299)",
          "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    for (bool has_delay : {false, true}) {
      race_result<int> got;
      run(
        [&]() -> coro<void> {
          candidates all{fails("first"), wins(2)};
          time_limit delay;
          if (has_delay)
            delay = 1h;
          got = co_await staggered_race(all, delay);
        },
        options);
      CHECK(got.winner == 2);
      CHECK(got.index == 1u);
      REQUIRE(got.exceptions.size() == 2);
      CHECK(describe(got.exceptions[0]) == "std::runtime_error: first");
      CHECK(got.exceptions[1] == nullptr);
    }
  });
}

TEST_CASE("staggered_race: a slow one is overtaken (fact 300)",
          "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    race_result<int> got;
    run(
      [&]() -> coro<void> {
        candidates all{lingers(), wins(3)};
        got = co_await staggered_race(all, 3ms);
      },
      options);
    CHECK(got.winner == 3);
    CHECK(got.index == 1u);
    REQUIRE(got.exceptions.size() == 2);
    CHECK(is_a<cancelled_error>(got.exceptions[0]));
  });
}

TEST_CASE("staggered_race: all fail", "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    race_result<int> got;
    run(
      [&]() -> coro<void> {
        candidates all{fails("a"), fails("b"), fails("c")};
        got = co_await staggered_race(all, nullptr);
      },
      options);
    CHECK_FALSE(got.winner);
    CHECK_FALSE(got.index);
    CHECK(got.exceptions.size() == 3);
  });
}

TEST_CASE("staggered_race: two at the same time (fact 302)",
          "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    race_result<int> got;
    run(
      [&]() -> coro<void> {
        auto gate = future<void>::make();
        auto waiting = std::make_shared<std::atomic<int>>(0);
        auto waits = [gate, waiting](int value) -> candidate {
          return [gate, waiting, value]() -> coro<int> {
            ++*waiting;
            co_await shield(gate);
            co_return value;
          };
        };
        candidates all{waits(1), waits(2)};
        auto race = create_task(staggered_race(all, 1ms));
        co_await reached([&] { return *waiting == 2; });
        gate.set_result();
        got = co_await race;
      },
      options);
    REQUIRE(got.index);
    CHECK(got.winner == static_cast<int>(*got.index) + 1);
    REQUIRE(got.exceptions.size() == 2);
    CHECK(got.exceptions[*got.index] == nullptr);
    CHECK(is_a<cancelled_error>(got.exceptions[1 - *got.index]));
  });
}

TEST_CASE("staggered_race: cancelled, even twice (fact 303)",
          "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    record<> seen;
    bool cancelled = false;
    run(
      [&]() -> coro<void> {
        std::atomic<int> stage{0};
        candidates all{[&]() -> coro<int> {
          for (int i = 0; i < 2; ++i) {
            try {
              ++stage;
              co_await sleep(1h);
            } catch (const cancelled_error& stop) {
              seen.add(stop.message());
            }
          }
          throw cancelled_error{};
        }};
        auto race = create_task(staggered_race(all, nullptr));
        co_await reached([&] { return stage == 1; });
        co_await blocked(race);
        co_await turns(5);
        race.cancel("one");
        co_await reached([&] { return stage == 2; });
        co_await turns(5);
        co_await blocked(race);
        race.cancel("two");
        try {
          co_await race;
        } catch (const cancelled_error&) {
          cancelled = true;
        }
      },
      options);
    CHECK(cancelled);
    CHECK(seen.all() == std::vector<std::string>{"one", "two"});
  });
}

TEST_CASE("staggered_race: candidates without a value", "[staggered_race]") {
  for_each_worker_count([](run_options options) {
    bool won = false;
    run(
      [&]() -> coro<void> {
        std::vector<coro<void> (*)()> all{[]() -> coro<void> {
          co_return;
        }};
        auto got = co_await staggered_race(all, nullptr);
        won = got.winner.has_value() && got.index == 0u;
      },
      options);
    CHECK(won);
  });
}
